"""Vector indices: exact search as the oracle, FAISS for the work. The only room with faiss."""
