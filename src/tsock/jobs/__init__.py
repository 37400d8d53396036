"""Chores that run beside the requests: expiry, emptying, trimming."""
