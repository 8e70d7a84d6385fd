"""The read path: a query, its vectors, neighbours, fusion, hits."""
