"""Vectors in PostgreSQL with the extension pgvector; only with the extra ``postgresql``."""
