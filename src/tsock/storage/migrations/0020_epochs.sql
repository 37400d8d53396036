-- Where each list and map stood when the latest epoch began (`sync/epochs.py`); a later one has no row.
CREATE TABLE sync_epochs (
    object_sid TEXT NOT NULL PRIMARY KEY,
    event_id BIGINT NOT NULL, -- its counter then
    next_index BIGINT NOT NULL -- of a list: the index of the next push then
);
