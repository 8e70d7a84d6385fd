"""Backups: what is in one, where its files lie, making one, putting one back."""
