-- Who is connected to which node, of services that want to know. Each node keeps its own rows; those of one that
-- serves no longer are settled by whoever leads. What an earlier version left is of no node, so that it is settled.
CREATE TABLE chat_presence (
    service_sid TEXT NOT NULL,
    identity TEXT NOT NULL,
    node TEXT NOT NULL,
    PRIMARY KEY (service_sid, identity, node)
);
CREATE INDEX chat_presence_of_node ON chat_presence (node, service_sid, identity);
INSERT INTO chat_presence (service_sid, identity, node) SELECT service_sid, identity, '' FROM chat_online;
DROP TABLE chat_online;

CREATE TABLE sync_presence (
    service_sid TEXT NOT NULL,
    identity TEXT NOT NULL,
    endpoint_id TEXT NOT NULL,
    node TEXT NOT NULL,
    away_ms BIGINT,                            -- names the absence that has begun; NULL while connected
    PRIMARY KEY (service_sid, identity, endpoint_id, node)
);
CREATE INDEX sync_presence_absences ON sync_presence (service_sid, identity) WHERE away_ms IS NOT NULL;
CREATE INDEX sync_presence_connected ON sync_presence (service_sid, identity) WHERE away_ms IS NULL;
CREATE INDEX sync_presence_of_node ON sync_presence (node, service_sid, identity, endpoint_id);
