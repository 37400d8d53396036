-- Delivery receipts of messages that go to somebody outside, and what an account has for its new conversations.

CREATE TABLE chat_receipts (
    sid TEXT PRIMARY KEY,
    service_sid TEXT NOT NULL,
    conversation_sid TEXT NOT NULL,
    message_sid TEXT NOT NULL,
    participant_sid TEXT NOT NULL,
    status TEXT NOT NULL,
    error_code INTEGER,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX chat_receipts_of_message ON chat_receipts (message_sid, participant_sid);
CREATE INDEX chat_receipts_of_conversation ON chat_receipts (conversation_sid);
CREATE INDEX chat_receipts_by_service ON chat_receipts (service_sid);

CREATE TABLE chat_accounts (
    account_sid TEXT PRIMARY KEY,
    messaging_service_sid TEXT,
    inactive_after TEXT,             -- ISO 8601 duration
    closed_after TEXT
);
