"""What keeps collections well: choosing how much searches look at, moving to servers."""
