"""Sync's doors: for the SDKs through the socket, for the helper libraries over REST."""
