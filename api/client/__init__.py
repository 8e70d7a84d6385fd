"""A client of the HTTP service."""
