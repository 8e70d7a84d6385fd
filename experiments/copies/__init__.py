"""Fitting and measuring what tells copies."""
