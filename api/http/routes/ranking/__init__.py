"""Ranking rules: what holds, drafts, and versions."""
