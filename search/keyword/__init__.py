"""Words to a ranking."""
