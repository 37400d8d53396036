"""What back ends ask over REST, with the helper libraries."""
