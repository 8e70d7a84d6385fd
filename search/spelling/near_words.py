"""Words that are one or two edits from another."""

from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA


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
