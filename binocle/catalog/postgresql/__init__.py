"""A catalogue in a schema of PostgreSQL; only with the extra ``postgresql``."""
