"""Bytes to pixels within limits: decoding, EXIF, decoder processes."""
