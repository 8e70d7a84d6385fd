"""A home with a collection of uploads and a folder, with all its caches."""

from tests.support.sound_home import filled, home

__all__ = ["filled", "home"]
