"""The terms of a query to vectors."""
