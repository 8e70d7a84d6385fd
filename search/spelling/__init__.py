"""Words that are nearly the one that was typed: the collection's, and those a model knows."""
