-- Sync. All dates are milliseconds since the epoch. Revisions are derived from the counters,
-- and there is no event table: a subscriber who was away is told what changed by reading these rows.

-- The four kinds of root. A removed one has no row any more.
CREATE TABLE sync_objects (
    sid TEXT NOT NULL PRIMARY KEY,
    service_sid TEXT NOT NULL,
    kind TEXT NOT NULL, -- document, list, map, stream
    unique_name TEXT,
    last_event_id BIGINT NOT NULL, -- the object's counter; unused for streams
    next_index BIGINT NOT NULL, -- of a list: the index of the next push, never used before
    item_count BIGINT NOT NULL, -- of a list or map: its items, without tombstones
    context_event_id BIGINT NOT NULL, -- of a list: the event that last changed its context, or -1
    created_by TEXT NOT NULL,
    date_created_ms BIGINT NOT NULL,
    date_updated_ms BIGINT NOT NULL,
    date_expires_ms BIGINT,
    data TEXT -- JSON object: a document's data or a list's context; last, since it may fill further pages
);
CREATE UNIQUE INDEX sync_objects_name ON sync_objects (service_sid, kind, unique_name);
CREATE INDEX sync_objects_expiry ON sync_objects (date_expires_ms) WHERE date_expires_ms IS NOT NULL;

-- Roots that are removed but whose items and permissions are still to be deleted, in chunks.
CREATE TABLE sync_leftovers (object_sid TEXT NOT NULL PRIMARY KEY);

-- A removed item stays for some days as a tombstone (removed = 1): its last data, the number of the removal
-- as last_event_id and its time as date_updated_ms.
CREATE TABLE sync_list_items (
    object_sid TEXT NOT NULL,
    item_index BIGINT NOT NULL,
    created_event_id BIGINT NOT NULL,
    last_event_id BIGINT NOT NULL,
    removed INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    date_created_ms BIGINT NOT NULL,
    date_updated_ms BIGINT NOT NULL,
    date_expires_ms BIGINT,
    data TEXT NOT NULL,
    PRIMARY KEY (object_sid, item_index)
);
CREATE INDEX sync_list_items_page ON sync_list_items (object_sid, item_index) WHERE removed = 0;
CREATE INDEX sync_list_items_change ON sync_list_items (object_sid, last_event_id);
CREATE INDEX sync_list_items_expiry ON sync_list_items (date_expires_ms) WHERE date_expires_ms IS NOT NULL;
CREATE INDEX sync_list_items_tombstone ON sync_list_items (date_updated_ms) WHERE removed = 1;

CREATE TABLE sync_map_items (
    object_sid TEXT NOT NULL,
    item_key TEXT NOT NULL,
    created_event_id BIGINT NOT NULL,
    last_event_id BIGINT NOT NULL,
    removed INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    date_created_ms BIGINT NOT NULL,
    date_updated_ms BIGINT NOT NULL,
    date_expires_ms BIGINT,
    data TEXT NOT NULL,
    PRIMARY KEY (object_sid, item_key)
);
CREATE INDEX sync_map_items_page ON sync_map_items (object_sid, item_key) WHERE removed = 0;
CREATE INDEX sync_map_items_change ON sync_map_items (object_sid, last_event_id);
CREATE INDEX sync_map_items_expiry ON sync_map_items (date_expires_ms) WHERE date_expires_ms IS NOT NULL;
CREATE INDEX sync_map_items_tombstone ON sync_map_items (date_updated_ms) WHERE removed = 1;

-- What an identity may do with a document, list or map of a service with ACL.
CREATE TABLE sync_permissions (
    object_sid TEXT NOT NULL,
    identity TEXT NOT NULL,
    can_read INTEGER NOT NULL,
    can_write INTEGER NOT NULL,
    can_manage INTEGER NOT NULL,
    PRIMARY KEY (object_sid, identity)
);
