"""Webhooks: the durable outbox, signatures, and which targets may be called."""
