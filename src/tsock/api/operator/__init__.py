"""What the command line asks, in the process or over the socket file."""
