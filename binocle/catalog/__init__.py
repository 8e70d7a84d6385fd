"""The catalogue: SQLite, the only truth. The only room with SQLAlchemy."""
