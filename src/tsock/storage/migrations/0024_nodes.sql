-- What the clock of the database shows: leases are judged by it, since those of nodes may differ.
CREATE VIEW store_clock AS SELECT CAST(strftime('%s', 'now') AS INTEGER) * 1000 AS now_ms;
-- The nodes that serve this database. Each renews its lease as long as it runs, and removes its row when it stops.
CREATE TABLE nodes (
    id TEXT PRIMARY KEY,                       -- of one start of a process
    name TEXT NOT NULL,                        -- for people
    version TEXT NOT NULL,
    address TEXT NOT NULL,                     -- host and port that it listens on
    started_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL                   -- when its lease is over
);
-- One row: who does what only one may do, as long as its lease lasts. Each time that somebody begins has a number.
CREATE TABLE leadership (node TEXT, term BIGINT NOT NULL);
INSERT INTO leadership (node, term) VALUES (NULL, 0);
