"""Vectors in Milvus; only with the extra ``milvus``."""
