"""Changing many records at once."""
