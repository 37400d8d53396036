"""Neutral endpoints: a request becomes a response, whichever door it came through."""
