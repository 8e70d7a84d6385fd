"""Counts as people write them: ``1 cluster``, ``2,000 clusters``."""


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which takes an s unless there is just one.

    Args:
        number: How many.
        noun: One of them.
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def in_bytes(size_bytes: int) -> str:
    """Return a size as people read it: ``12 kB``, ``3.4 MB``."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if size >= 10 or unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError


def of_copies(number: int) -> str:
    """Return a number of copies."""
    return f"{number:,} copy" if number == 1 else f"{number:,} copies"
