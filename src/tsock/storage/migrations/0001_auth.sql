-- Who may connect. Secrets are sealed (AES-256-GCM, base64 text); moments are Unix milliseconds.

-- One row: recognises the master key that sealed the secrets of this store.
CREATE TABLE master_key (check_value TEXT NOT NULL);

CREATE TABLE accounts (
    sid TEXT PRIMARY KEY,
    owner_sid TEXT REFERENCES accounts (sid),  -- NULL for a main account
    friendly_name TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'suspended', 'closed')),
    auth_token TEXT NOT NULL,                  -- sealed
    test_sid TEXT NOT NULL UNIQUE,
    test_token TEXT NOT NULL,                  -- sealed
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX accounts_by_owner ON accounts (owner_sid, sid);

-- A deleted key stays, so that a token it signed can be told from one of a key that never was.
CREATE TABLE api_keys (
    sid TEXT PRIMARY KEY,
    account_sid TEXT NOT NULL REFERENCES accounts (sid),
    kind TEXT NOT NULL CHECK (kind IN ('main', 'standard', 'restricted')),
    friendly_name TEXT NOT NULL,
    secret TEXT NOT NULL,                      -- sealed
    region TEXT NOT NULL,
    policy TEXT,                               -- JSON, of a restricted key
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    revoked_ms BIGINT                          -- NULL while the key is in use
);
CREATE INDEX api_keys_by_account ON api_keys (account_sid, sid);

CREATE TABLE services (
    sid TEXT PRIMARY KEY,
    account_sid TEXT NOT NULL REFERENCES accounts (sid),
    product TEXT NOT NULL CHECK (product IN ('data_sync', 'ip_messaging')),
    unique_name TEXT,                          -- 'default' for the default service of its product
    friendly_name TEXT,
    acl_enabled BOOLEAN NOT NULL,
    webhook_url TEXT,
    webhooks_from_rest_enabled BOOLEAN NOT NULL,
    reachability_webhooks_enabled BOOLEAN NOT NULL,
    reachability_debouncing_enabled BOOLEAN NOT NULL,
    reachability_debouncing_window_ms INTEGER NOT NULL,
    enabled BOOLEAN NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    deleted_ms BIGINT                          -- NULL while the service exists
);
CREATE INDEX services_by_account ON services (account_sid, product, sid);
CREATE UNIQUE INDEX services_by_name ON services (account_sid, product, unique_name) WHERE deleted_ms IS NULL;

-- What ends tokens before their time; a row is kept until every token it could meet has expired.
CREATE TABLE revocations (
    sid TEXT PRIMARY KEY,
    account_sid TEXT NOT NULL REFERENCES accounts (sid),
    kind TEXT NOT NULL CHECK (kind IN ('token', 'identity', 'issued_before')),
    digest TEXT,                               -- SHA-256 of one token's text, hex
    identity TEXT,
    key_sid TEXT,                              -- only tokens that this key signed
    before_s BIGINT,                           -- only tokens issued before this moment
    at_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL
);
CREATE INDEX revocations_by_end ON revocations (until_ms);
