-- What went wrong, and who changed what; moments are Unix milliseconds.
-- Both tables are journals (`storage/journal.py`): numbered within each account, trimmed by age and number.

ALTER TABLE accounts ADD COLUMN debugger_url TEXT;  -- is told of every alert of the account

CREATE TABLE alerts (
    sid TEXT PRIMARY KEY,
    account_sid TEXT NOT NULL,                 -- '-' where none is known; only operators see that
    number BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,                -- of the latest that it stands for
    repeats BIGINT NOT NULL,                   -- how many further ones it stands for
    code INTEGER NOT NULL,
    level TEXT NOT NULL,
    text TEXT NOT NULL,
    resource_sid TEXT,
    service_sid TEXT,
    denial_sid TEXT,
    api_version TEXT,
    exchange TEXT NOT NULL                     -- JSON: what may be kept of a request and its answer
);
CREATE INDEX alerts_by_account ON alerts (account_sid, number, at_ms, level);
CREATE INDEX alerts_by_time ON alerts (at_ms, number);
CREATE INDEX alerts_by_code ON alerts (account_sid, code, at_ms, number, sid, repeats);

-- A change of an account, key, service or revocation; written with it.
CREATE TABLE audit_events (
    sid TEXT PRIMARY KEY,
    account_sid TEXT NOT NULL,                 -- who may read it
    number BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    event_type TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_sid TEXT NOT NULL,
    actor_sid TEXT,                            -- NULL for the operator
    actor_type TEXT NOT NULL,
    source TEXT NOT NULL,
    address TEXT,
    description TEXT,
    properties TEXT NOT NULL                   -- JSON object: previous and updated value by property
);
CREATE INDEX audit_events_by_account ON audit_events (account_sid, number, at_ms);
CREATE INDEX audit_events_by_resource ON audit_events (resource_sid, at_ms, number);
CREATE INDEX audit_events_by_time ON audit_events (at_ms, number);
