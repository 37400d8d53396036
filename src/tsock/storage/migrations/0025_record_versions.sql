-- At which number of directory_version each record was last changed, so that a node reads only what it does not know.
ALTER TABLE accounts ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE services ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE revocations ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
CREATE INDEX accounts_by_version ON accounts (version);
CREATE INDEX api_keys_by_version ON api_keys (version);
CREATE INDEX services_by_version ON services (version);
CREATE INDEX revocations_by_version ON revocations (version);
