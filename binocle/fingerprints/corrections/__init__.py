"""What is taken out of a query, laid upon a stored picture, before the two are measured."""
