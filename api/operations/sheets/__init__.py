"""Pages for people that open from disk: hits, lookups, duplicates; pictures are inside them."""
