"""Embedding on many machines: a plan of shards, each embedded anywhere, and one importer."""
