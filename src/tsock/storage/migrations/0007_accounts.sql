-- What accounts administer over REST, listed with the newest first.

ALTER TABLE accounts ADD COLUMN suspended_by_operator BOOLEAN NOT NULL DEFAULT FALSE;

CREATE INDEX accounts_by_age ON accounts (created_ms, sid);
-- An account together with its subaccounts.
CREATE INDEX accounts_by_family ON accounts (coalesce(owner_sid, sid), created_ms, sid);
DROP INDEX accounts_by_owner;
CREATE INDEX accounts_by_owner ON accounts (owner_sid, created_ms, sid);

DROP INDEX api_keys_by_account;
CREATE INDEX api_keys_by_account ON api_keys (account_sid, created_ms, sid) WHERE revoked_ms IS NULL;

DROP INDEX services_by_account;
CREATE INDEX services_by_account ON services (account_sid, product, created_ms, sid) WHERE deleted_ms IS NULL;
