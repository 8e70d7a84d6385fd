"""Ranking rules that a shop owns: synonyms, curated queries and boosts; their versions; use."""
