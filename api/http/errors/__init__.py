"""Errors to problem documents (RFC 9457)."""
