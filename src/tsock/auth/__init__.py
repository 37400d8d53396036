"""Accounts, API keys, services and Access Tokens: who may connect, and why not."""
