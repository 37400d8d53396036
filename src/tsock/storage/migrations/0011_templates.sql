-- Templates of content, which an operator puts here: what makes them is another product.
CREATE TABLE chat_templates (
    sid TEXT PRIMARY KEY,
    account_sid TEXT NOT NULL,
    friendly_name TEXT NOT NULL,
    variables TEXT NOT NULL,         -- JSON object of texts: the values that a message need not give
    variants TEXT NOT NULL,          -- JSON object: what is shown, by type such as twilio/text
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX chat_templates_by_account ON chat_templates (account_sid, sid);
