-- Conversations. What clients see of them are objects of Sync; these tables find those, and hold what Sync has no
-- place for. Moments are Unix milliseconds.

CREATE TABLE chat_roles (
    sid TEXT PRIMARY KEY,
    service_sid TEXT NOT NULL,
    built_in TEXT,                   -- which of the four roles that a service begins with; NULL for others
    friendly_name TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('conversation', 'service')),
    permissions TEXT NOT NULL,       -- JSON array of names
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX chat_roles_by_service ON chat_roles (service_sid, created_ms, sid);
CREATE UNIQUE INDEX chat_roles_built_in ON chat_roles (service_sid, built_in);

-- A deleted user stays: who comes back under its identity gets a new SID, and the same two maps.
CREATE TABLE chat_users (
    service_sid TEXT NOT NULL,
    identity TEXT NOT NULL,
    sid TEXT NOT NULL UNIQUE,
    role_sid TEXT NOT NULL,
    conversations_sid TEXT NOT NULL, -- the map of its conversations
    info_sid TEXT NOT NULL,          -- the map of its friendly name, attributes and reachability
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    deleted_ms BIGINT,
    PRIMARY KEY (service_sid, identity)
);
CREATE INDEX chat_users_by_service ON chat_users (service_sid, created_ms, sid) WHERE deleted_ms IS NULL;

CREATE TABLE chat_conversations (
    sid TEXT PRIMARY KEY,
    service_sid TEXT NOT NULL,
    document_sid TEXT NOT NULL,
    messages_sid TEXT NOT NULL,
    roster_sid TEXT NOT NULL,
    created_ms BIGINT NOT NULL,      -- its place in lists
    unique_name TEXT,                -- as in the document, to be found by
    state TEXT NOT NULL,             -- as in the document, to be listed by
    messaging_service_sid TEXT,
    inactive_after TEXT,             -- ISO 8601 duration, as it was given
    closed_after TEXT,
    inactive_ms BIGINT,              -- when the state changes by itself
    closed_ms BIGINT
);
CREATE UNIQUE INDEX chat_conversations_by_name ON chat_conversations (service_sid, unique_name);
CREATE INDEX chat_conversations_by_service ON chat_conversations (service_sid, created_ms, sid);
CREATE INDEX chat_conversations_inactive ON chat_conversations (inactive_ms) WHERE inactive_ms IS NOT NULL;
CREATE INDEX chat_conversations_closed ON chat_conversations (closed_ms) WHERE closed_ms IS NOT NULL;

-- Finds the items of rosters, by whoever they are about.
CREATE TABLE chat_participants (
    conversation_sid TEXT NOT NULL,
    sid TEXT NOT NULL,
    service_sid TEXT NOT NULL,
    identity TEXT,                   -- of a chat participant
    address TEXT,                    -- of one behind a carrier
    proxy_address TEXT,
    PRIMARY KEY (conversation_sid, sid)
);
CREATE UNIQUE INDEX chat_participants_by_identity ON chat_participants (conversation_sid, identity);
CREATE INDEX chat_participants_of_user ON chat_participants (service_sid, identity, conversation_sid)
    WHERE identity IS NOT NULL;
CREATE INDEX chat_participants_by_address ON chat_participants (service_sid, address, proxy_address)
    WHERE address IS NOT NULL;

-- Mutations of clients that were carried out: one that is repeated is not.
CREATE TABLE chat_mutations (
    service_sid TEXT NOT NULL,
    identity TEXT NOT NULL,
    mutation_id TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    resource_url TEXT,               -- NULL after a removal
    PRIMARY KEY (service_sid, identity, mutation_id)
);
CREATE INDEX chat_mutations_by_time ON chat_mutations (at_ms);
