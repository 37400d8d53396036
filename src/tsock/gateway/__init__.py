"""The Twilsock gateway: sockets, sessions, subscriptions and fan-out."""
