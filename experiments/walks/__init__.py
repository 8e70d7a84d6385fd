"""Counts of the functions that a picture's way in and a query's way out call."""
