-- A second Auth Token beside the first, so that one is replaced without a pause.

ALTER TABLE accounts ADD COLUMN secondary_token TEXT;      -- sealed
ALTER TABLE accounts ADD COLUMN secondary_ms BIGINT;       -- when it was made
