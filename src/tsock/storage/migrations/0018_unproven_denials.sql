-- Refusals of what no secret stands for have a ring of their own: numbered, the newest are kept.
ALTER TABLE denials ADD COLUMN ring_number BIGINT;  -- NULL for a refusal of somebody who has shown a secret
CREATE INDEX denials_in_ring ON denials (ring_number);
