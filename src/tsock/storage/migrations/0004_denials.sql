-- Refused tokens and connections, for `tsock why`; the story is a denial as JSON.
CREATE TABLE denials (
    sid TEXT PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    code INTEGER NOT NULL,
    cause TEXT NOT NULL,
    account_sid TEXT,
    story TEXT NOT NULL
);
CREATE INDEX denials_by_time ON denials (at_ms);
