"""Things to index: folders, archives, tables, text corpora."""
