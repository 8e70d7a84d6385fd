"""Field types, dates and numbers as people write them, filters and what they mean, columns."""
