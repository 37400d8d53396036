"""Requests to servers of others: an HTTP client that goes to no address that was not checked."""
