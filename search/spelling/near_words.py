"""Words that are one or two edits from another, and which are English: hardly misspelt ones."""

import gzip
import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from rapidfuzz import process
from rapidfuzz.distance import OSA

_FEW = 32  # words that are sooner looked for in the list as it is written than in a set of it


class NearWords:
    """Words by their length, so that only those of about the right one are looked at.

    An edit adds, leaves out or replaces a letter, or exchanges two neighbours (optimal string
    alignment). An index of deletions (symspellpy) answers fifty times as fast, in 0.3 ms for
    128,000 words, but takes 4.5 s and 166 MB to be made, which a command that corrects one text
    would pay each time; a scan takes 15 ms and nothing before.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        """Set up.

        Args:
            words: The first of the words, each once.
        """
        self._by_length: dict[int, list[str]] = {}
        self.add(words)

    def add(self, words: Iterable[str]) -> None:
        """Add words that are not there yet."""
        for word in words:
            self._by_length.setdefault(len(word), []).append(word)

    def within(self, word: str, edits: int, limit: int | None = None) -> list[tuple[str, int]]:
        """Return the words that are so near, and how many edits away each is, at least 1.

        Args:
            word: Need not be there itself.
            edits: How many at most.
            limit: At most so many of each length, the nearest; None for all.
        """
        found = []
        for length in range(len(word) - edits, len(word) + edits + 1):
            choices = self._by_length.get(length, [])
            found += process.extract(
                word, choices, scorer=OSA.distance, score_cutoff=edits, limit=limit
            )
        return [(near, int(distance)) for near, distance, _ in found if distance]


def known_english(words: Iterable[str]) -> set[str]:
    """Return which of some lower-case words are English, by a list of 160,000.

    The first call takes about a hundredth of a second; with many words, a tenth.
    """
    asked = set(words)
    if len(asked) > _FEW:
        return asked & _english_words()
    return {one for one in asked if f'"{one}":'.encode() in _word_list()}


@cache
def _word_list() -> bytes:
    """Return the list that pyspellchecker has, as it is written: an object of words."""
    packed = files("spellchecker").joinpath("resources", "en.json.gz").read_bytes()
    return gzip.decompress(packed)


@cache
def _english_words() -> frozenset[str]:
    return frozenset(json.loads(_word_list()))
