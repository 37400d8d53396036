"""What nodes tell each other: every fact of a commit, to all, at once and without a promise.

The bus may lose, repeat and reorder. It says where it may have lost something, and the database has all but
what is never stored.
"""
