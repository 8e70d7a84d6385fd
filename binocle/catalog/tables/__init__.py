"""The tables of the catalogue, and what is asked of each in SQL."""
