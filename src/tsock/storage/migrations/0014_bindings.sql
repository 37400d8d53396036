-- Users who are told to be online, so that those are found whom a server that was killed left so.
CREATE TABLE chat_online (
    service_sid TEXT NOT NULL,
    identity TEXT NOT NULL,
    PRIMARY KEY (service_sid, identity)
);
