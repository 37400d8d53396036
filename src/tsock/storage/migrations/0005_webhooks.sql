-- Webhooks that are still to be delivered, or were given up; a row is written with the change it tells of.
-- Of the deliveries that wait in one topic the first alone has a time: the others wait behind it, so that they
-- leave in the order of their numbers. One that failed for long keeps its time and lets the next one be first.
CREATE TABLE webhook_deliveries (
    number INTEGER PRIMARY KEY,                -- grows with every row
    sid TEXT NOT NULL UNIQUE,
    account_sid TEXT NOT NULL,                 -- whose Auth Token signs it
    service_sid TEXT,                          -- NULL for the debugger's
    kind TEXT NOT NULL CHECK (kind IN ('sync', 'debugger')),
    event_type TEXT NOT NULL,
    topic TEXT NOT NULL,
    lane TEXT NOT NULL,                        -- host and port of the URL; empty if that is malformed
    is_first INTEGER NOT NULL,
    created_ms BIGINT NOT NULL,
    next_ms BIGINT,                            -- when to try; NULL behind the first, and once given up
    attempts INTEGER NOT NULL,
    failing_since_ms BIGINT,                   -- the first failed attempt
    given_up_ms BIGINT,
    failure_code INTEGER,                      -- of the last attempt
    failure TEXT,
    url TEXT NOT NULL,
    parameters TEXT NOT NULL                   -- JSON object of texts; last, since it may fill further pages
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (lane, next_ms) WHERE next_ms IS NOT NULL;
CREATE UNIQUE INDEX webhook_deliveries_first ON webhook_deliveries (topic) WHERE is_first = 1;
CREATE INDEX webhook_deliveries_behind ON webhook_deliveries (topic, number)
    WHERE next_ms IS NULL AND given_up_ms IS NULL;
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (account_sid, number) WHERE given_up_ms IS NULL;
CREATE INDEX webhook_deliveries_given_up ON webhook_deliveries (number, given_up_ms)
    WHERE given_up_ms IS NOT NULL;
