"""One search over several collections: their answers merged, paged and counted as one."""
