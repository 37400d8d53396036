-- The objects of one kind in the order of their making, as REST lists them.
CREATE INDEX sync_objects_listing ON sync_objects (service_sid, kind, date_created_ms, sid);
