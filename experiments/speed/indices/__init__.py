"""Indices of many vectors: their life, what they answer, and others beside them."""
