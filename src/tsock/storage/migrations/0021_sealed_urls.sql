-- Whether the passwords of webhook URLs are sealed, as they are when they are written from now on. No migration has
-- the key for those that stand open: whoever opens these data next seals them (`installation/older_urls.py`).
CREATE TABLE webhook_urls (
    state TEXT NOT NULL -- open; overwrite: they are sealed, and the file may still hold what stood there; sealed
);
INSERT INTO webhook_urls (state) VALUES ('open');
