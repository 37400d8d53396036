-- Media of Conversations. The bytes are blobs beside the database (storage/blobs.py).

CREATE TABLE chat_media (
    sid TEXT PRIMARY KEY,
    service_sid TEXT NOT NULL,
    blob TEXT NOT NULL,
    category TEXT NOT NULL CHECK (category IN ('media', 'body', 'history')),
    filename TEXT,
    content_type TEXT NOT NULL,
    size BIGINT NOT NULL,            -- bytes
    author TEXT NOT NULL,            -- identity, or system
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    conversation_sid TEXT,           -- NULL until a message takes it
    message_sid TEXT
);
CREATE INDEX chat_media_by_service ON chat_media (service_sid, sid);
CREATE INDEX chat_media_by_conversation ON chat_media (conversation_sid, message_sid)
    WHERE conversation_sid IS NOT NULL;
CREATE INDEX chat_media_unclaimed ON chat_media (created_ms) WHERE message_sid IS NULL;

-- Blobs that belong to no media: still being written, or to be removed. So no crash leaves one for good.
CREATE TABLE chat_loose_blobs (
    blob TEXT PRIMARY KEY,
    due_ms BIGINT NOT NULL           -- when it is removed
);
CREATE INDEX chat_loose_blobs_by_time ON chat_loose_blobs (due_ms);
