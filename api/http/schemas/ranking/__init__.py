"""The wire of ranking rules."""
