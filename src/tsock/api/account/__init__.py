"""What accounts ask about themselves over REST: subaccounts, keys, policies, alerts and audit events."""
