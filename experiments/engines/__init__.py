"""Engines for vectors beside FAISS: how fast they are, and what is left when they are killed."""
