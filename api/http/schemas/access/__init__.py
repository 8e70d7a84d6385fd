"""The wire of keys and sessions."""
