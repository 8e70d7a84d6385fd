"""Binocle's kernel: pictures, encoders, vectors, the catalogue, collections."""

__version__ = "0.1.0"
