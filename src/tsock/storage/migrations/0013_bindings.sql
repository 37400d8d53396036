-- Users who are told to be online, so that those are found whom a server that was killed left so.
CREATE TABLE chat_online (
    service_sid TEXT NOT NULL,
    identity TEXT NOT NULL,
    PRIMARY KEY (service_sid, identity)
);

-- Devices that can be notified. One belongs to whoever registered it last.
CREATE TABLE chat_bindings (
    sid TEXT PRIMARY KEY,
    service_sid TEXT NOT NULL,
    identity TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('apn', 'fcm', 'gcm')),
    endpoint TEXT NOT NULL,          -- what the push service knows the device by
    message_types TEXT NOT NULL,     -- JSON array
    credential_sid TEXT,             -- as the token of the registration named it
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX chat_bindings_by_endpoint ON chat_bindings (service_sid, type, endpoint);
CREATE INDEX chat_bindings_of_user ON chat_bindings (service_sid, identity);
CREATE INDEX chat_bindings_by_service ON chat_bindings (service_sid, created_ms, sid);

-- What an account uses to send push notifications.
CREATE TABLE push_credentials (
    sid TEXT PRIMARY KEY,
    account_sid TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('apn', 'fcm', 'gcm')),
    friendly_name TEXT,
    sandbox BOOLEAN NOT NULL,
    secrets TEXT NOT NULL,           -- sealed: a JSON object
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX push_credentials_by_account ON push_credentials (account_sid, created_ms, sid);

-- Push notifications that are still to be put into the outbox, one delivery for each device.
CREATE TABLE chat_pushes (
    number INTEGER PRIMARY KEY,      -- grows with every row
    account_sid TEXT NOT NULL,
    service_sid TEXT NOT NULL,
    conversation_sid TEXT NOT NULL,
    author TEXT NOT NULL,            -- who caused it, and is not notified
    identity TEXT,                   -- who is; NULL for all participants
    after_sid TEXT NOT NULL,         -- the participant up to whom that was done
    content TEXT NOT NULL            -- JSON
);

-- The outbox takes posts of any kind: the code alone says which there are.
CREATE TABLE webhook_deliveries_new (
    number INTEGER PRIMARY KEY,
    sid TEXT NOT NULL UNIQUE,
    account_sid TEXT NOT NULL,
    service_sid TEXT,
    kind TEXT NOT NULL,
    event_type TEXT NOT NULL,
    topic TEXT NOT NULL,
    lane TEXT NOT NULL,
    is_first INTEGER NOT NULL,
    created_ms BIGINT NOT NULL,
    next_ms BIGINT,
    attempts INTEGER NOT NULL,
    failing_since_ms BIGINT,
    given_up_ms BIGINT,
    failure_code INTEGER,
    failure TEXT,
    url TEXT NOT NULL,
    parameters TEXT NOT NULL
);
INSERT INTO webhook_deliveries_new SELECT number, sid, account_sid, service_sid, kind, event_type, topic, lane,
    is_first, created_ms, next_ms, attempts, failing_since_ms, given_up_ms, failure_code, failure, url, parameters
    FROM webhook_deliveries;
DROP TABLE webhook_deliveries;
ALTER TABLE webhook_deliveries_new RENAME TO webhook_deliveries;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (lane, next_ms) WHERE next_ms IS NOT NULL;
CREATE UNIQUE INDEX webhook_deliveries_first ON webhook_deliveries (topic) WHERE is_first = 1;
CREATE INDEX webhook_deliveries_behind ON webhook_deliveries (topic, number)
    WHERE next_ms IS NULL AND given_up_ms IS NULL;
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (account_sid, number) WHERE given_up_ms IS NULL;
CREATE INDEX webhook_deliveries_given_up ON webhook_deliveries (number, given_up_ms)
    WHERE given_up_ms IS NOT NULL;
