"""The store: the narrow interface rules are written against, and its implementations."""
