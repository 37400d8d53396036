"""What the SDKs ask of Conversations through the socket."""
