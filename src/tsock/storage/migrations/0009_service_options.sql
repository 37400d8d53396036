-- What is a product's own of a service moves into one text, which only the product reads.

ALTER TABLE services ADD COLUMN options TEXT NOT NULL DEFAULT '{}';  -- JSON object
UPDATE services SET options = '{"acl_enabled":' || CASE WHEN acl_enabled THEN 'true' ELSE 'false' END
    || ',"webhook_url":'
    || coalesce('"' || replace(replace(webhook_url, '\', '\\'), '"', '\"') || '"', 'null')
    || ',"webhooks_from_rest_enabled":' || CASE WHEN webhooks_from_rest_enabled THEN 'true' ELSE 'false' END
    || ',"reachability_webhooks_enabled":' || CASE WHEN reachability_webhooks_enabled THEN 'true' ELSE 'false' END
    || ',"reachability_debouncing_enabled":'
    || CASE WHEN reachability_debouncing_enabled THEN 'true' ELSE 'false' END
    || ',"reachability_debouncing_window_ms":' || reachability_debouncing_window_ms || '}';
ALTER TABLE services DROP COLUMN acl_enabled;
ALTER TABLE services DROP COLUMN webhook_url;
ALTER TABLE services DROP COLUMN webhooks_from_rest_enabled;
ALTER TABLE services DROP COLUMN reachability_webhooks_enabled;
ALTER TABLE services DROP COLUMN reachability_debouncing_enabled;
ALTER TABLE services DROP COLUMN reachability_debouncing_window_ms;
