-- One row: how far this database has come, and the clock that its server shows.
CREATE TABLE progress (
    date_ms BIGINT NOT NULL, -- the date of the latest commit, or a moment less; later ones are not dated before it
    ahead_ms BIGINT NOT NULL -- how far /dev/clock has moved the clock ahead
);
INSERT INTO progress (date_ms, ahead_ms) VALUES (0, 0);
DROP TABLE store_probe;
