"""Encoders: pixels and texts in, unit rows of one space out. The only room with torch."""
