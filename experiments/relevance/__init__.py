"""Fitting and measuring relevance."""
