"""What back ends ask of Sync over REST."""
