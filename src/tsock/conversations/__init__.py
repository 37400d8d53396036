"""The rules of Conversations (`protocol/conversations.md`).

What clients see are objects of Sync (`objects.py`); a rule writes them in the transaction that changes
anything else. All of it is plain functions of a transaction.
"""
