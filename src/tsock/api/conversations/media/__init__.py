"""The doors of media: plain HTTP, for clients with Access Tokens and back ends with credentials."""
