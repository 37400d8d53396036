-- Webhooks of Conversations: what a product has for a whole account, those of single conversations, and how posts are sent.

ALTER TABLE accounts ADD COLUMN options TEXT NOT NULL DEFAULT '{}';  -- JSON object; an entry for each product

CREATE TABLE chat_webhooks (
    sid TEXT PRIMARY KEY,
    service_sid TEXT NOT NULL,
    conversation_sid TEXT NOT NULL,
    target TEXT NOT NULL,
    configuration TEXT NOT NULL,     -- JSON object
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX chat_webhooks_of_conversation ON chat_webhooks (conversation_sid, created_ms, sid);
CREATE INDEX chat_webhooks_by_service ON chat_webhooks (service_sid);
-- How many of these a conversation has, so that they are looked up only where there are some.
ALTER TABLE chat_conversations ADD COLUMN webhooks INTEGER NOT NULL DEFAULT 0;

ALTER TABLE webhook_deliveries ADD COLUMN method TEXT NOT NULL DEFAULT 'POST';  -- GET or POST
