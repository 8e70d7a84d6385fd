"""Rankings, their fusion, the result list, hits."""
