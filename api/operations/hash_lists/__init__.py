"""Lists of hashes that a collection keeps, and that which it exports."""
