"""Which nodes serve one database, and who of them leads: rules alone, as in `accounts`."""
