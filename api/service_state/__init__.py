"""What a service keeps over restarts beside its collections: in SQLite, or in PostgreSQL."""
