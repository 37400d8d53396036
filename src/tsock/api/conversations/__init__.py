"""Conversations, by who asks: the SDKs, back ends, and whoever has media."""
