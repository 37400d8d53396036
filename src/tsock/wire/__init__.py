"""Twilsock, sans-I/O: packets, typed headers and the state of a connection, for both roles."""
