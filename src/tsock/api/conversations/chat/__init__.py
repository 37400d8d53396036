"""Programmable Chat's REST API: the same objects and rules under their older names."""
