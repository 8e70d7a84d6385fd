"""Vectors in engines that have servers of their own: what they promise, and the store over them."""
