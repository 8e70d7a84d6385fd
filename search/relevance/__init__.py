"""What scores mean: calibrated relevance, and where to cut."""
