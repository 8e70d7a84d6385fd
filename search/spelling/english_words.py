"""Which words are English, and so hardly misspelt ones of something else."""

from collections.abc import Iterable
from functools import cache

from spellchecker import SpellChecker


def known_english(words: Iterable[str]) -> set[str]:
    """Return which of some lower-case words are English, by a list of 160,000.

    The first call takes about a tenth of a second.
    """
    return _dictionary().known(words)


@cache
def _dictionary() -> SpellChecker:
    return SpellChecker()
