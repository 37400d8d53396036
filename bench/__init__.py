"""Runs the shipped benchmark against servers of its own. See README.md."""
