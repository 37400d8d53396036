-- What went wrong, and who changed what; moments are Unix milliseconds.

ALTER TABLE accounts ADD COLUMN debugger_url TEXT;  -- is told of every alert of the account

-- A change of an account, key, service or revocation; written with it.
CREATE TABLE audit_events (
    sid TEXT PRIMARY KEY,
    account_sid TEXT NOT NULL,                 -- who may read it
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
CREATE INDEX audit_events_by_account ON audit_events (account_sid, at_ms, sid);
