-- Invitations to conversations, which the first generation of clients sends, takes up and declines.

CREATE TABLE chat_invites (
    conversation_sid TEXT NOT NULL,
    identity TEXT NOT NULL,
    sid TEXT NOT NULL UNIQUE,
    service_sid TEXT NOT NULL,
    role_sid TEXT NOT NULL,          -- of the participant that it becomes
    created_by TEXT NOT NULL,        -- identity, or system
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (conversation_sid, identity)
);
CREATE INDEX chat_invites_by_conversation ON chat_invites (conversation_sid, created_ms, sid);
CREATE INDEX chat_invites_of_user ON chat_invites (service_sid, identity);
