"""The write path: sources, what changed in them, decoding, embedding, the collection."""
