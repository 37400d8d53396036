-- One row: every change of an account, key, service or revocation counts here first, so that there is one at a time,
-- and whoever keeps them in memory sees by the number that something changed.
CREATE TABLE directory_version (version BIGINT NOT NULL);
INSERT INTO directory_version (version) VALUES (0);
