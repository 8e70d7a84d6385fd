"""API keys: what each may do, how often, how long; who changed them, when they were used."""
