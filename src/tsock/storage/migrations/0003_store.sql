-- One row, written by the probe that tells whether a store that failed commits again.
CREATE TABLE store_probe (at_ms BIGINT NOT NULL);
INSERT INTO store_probe (at_ms) VALUES (0);
-- Names this set of data: a client's cache made from another set must not be used.
CREATE TABLE data_set (id TEXT NOT NULL);
