"""Accounts, API keys, services and revocations: who exists, what they may do, and who changed it."""
