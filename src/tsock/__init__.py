"""tsock: a self-hosted realtime backend for the official Twilio client SDKs."""

__version__ = "0.1.0"
