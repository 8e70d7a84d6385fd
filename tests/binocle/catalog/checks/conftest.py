"""A home with a collection of uploads and a folder, with all its caches."""

from tests.support.sound_home import filled, folder, home

__all__ = ["filled", "folder", "home"]
