"""What the SDKs ask through the socket."""
