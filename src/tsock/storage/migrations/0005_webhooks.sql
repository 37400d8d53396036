-- Webhooks that are still to be delivered, or were given up; a row is written with the change it tells of.
CREATE TABLE webhook_deliveries (
    sid TEXT PRIMARY KEY,
    account_sid TEXT NOT NULL,                 -- whose Auth Token signs it
    service_sid TEXT,                          -- NULL for the debugger's
    kind TEXT NOT NULL CHECK (kind IN ('sync', 'debugger')),
    event_type TEXT NOT NULL,
    topic TEXT NOT NULL,                       -- deliveries of one topic leave in the order of their making
    url TEXT NOT NULL,
    parameters TEXT NOT NULL,                  -- JSON object of texts
    created_ms BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    next_ms BIGINT,                            -- when to try again; NULL for one that was given up
    failure_code INTEGER,                      -- of the last attempt
    failure TEXT
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_ms) WHERE next_ms IS NOT NULL;
CREATE INDEX webhook_deliveries_by_account ON webhook_deliveries (account_sid, created_ms, sid);
