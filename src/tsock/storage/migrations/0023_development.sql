-- One row where `tsock dev` used this database: it has an account whose credentials others may know.
CREATE TABLE development (since_ms BIGINT NOT NULL);
