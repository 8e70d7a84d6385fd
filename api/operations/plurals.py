"""Counts as people write them: ``1 cluster``, ``2,000 clusters``."""


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which takes an s unless there is just one.

    Args:
        number: How many.
        noun: One of them.
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def of_copies(number: int) -> str:
    """Return a number of copies."""
    return f"{number:,} copy" if number == 1 else f"{number:,} copies"
