"""Access Tokens: minted, judged, and explained when they are refused."""
