"""What back ends ask of Conversations over REST."""
