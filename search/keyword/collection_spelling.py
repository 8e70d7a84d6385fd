"""Words a collection has that are nearly the one that was typed."""

import threading

from rapidfuzz import process
from rapidfuzz.distance import OSA

from binocle.catalog.base import CatalogReader

_LEAST_LENGTH = 3
_SWAPS_ONLY = 3  # letters: anything else makes another word of so short a one
_TWO_EDITS_FROM = 8
_MOST = 8
_KEPT = 10_000


class Spelling:
    """The stored words by length, read once and followed as they grow. Thread-safe.

    A scan of the words of about the right length, with a bound on the distance, takes a few
    milliseconds for 200,000 words.
    """

    def __init__(self) -> None:
        """Set up; nothing is read yet."""
        self._lock = threading.Lock()
        self._by_length: dict[int, list[str]] = {}
        self._last = 0
        self._found: dict[str, dict[int, list[str]]] = {}

    def near(self, session: CatalogReader, word: str) -> dict[int, list[str]]:
        """Return stored words by their distance, 1 for words of 4 to 7 letters, up to 2 beyond.

        The distance counts letters added, left out, replaced, and neighbours exchanged (optimal
        string alignment). The same letters in another order may be 2 away ("bycicle"), where the
        first is the same; of three letters only neighbours may be exchanged. Words with digits are
        right as they are: another model is another thing.
        """
        if len(word) < _LEAST_LENGTH or not word.isalpha():
            return {}
        self._follow(session)
        found = self._found
        if word not in found:
            if len(found) >= _KEPT:
                found = self._found = {}
            found[word] = self._scan(word)
        return found[word]

    def _scan(self, word: str) -> dict[int, list[str]]:
        most = 2 if len(word) >= _TWO_EDITS_FROM else 1
        found: dict[int, list[str]] = {}
        if len(word) > _SWAPS_ONLY:
            for length in range(len(word) - most, len(word) + most + 1):
                choices = self._by_length.get(length, [])
                matches = process.extract(
                    word, choices, scorer=OSA.distance, score_cutoff=most, limit=_MOST
                )
                for match, distance, _ in matches:
                    if distance:
                        found.setdefault(int(distance), []).append(match)
        if not found:
            for match, distance in self._reordered(word):
                found.setdefault(distance, []).append(match)
        return {
            distance: sorted(found[distance], key=lambda one: (one[0] != word[0], one))[:_MOST]
            for distance in sorted(found)
        }

    def _reordered(self, word: str) -> list[tuple[str, int]]:
        """Return stored words of the same letters that are 1 or 2 away, and how far."""
        most, letters = 1 if len(word) <= _SWAPS_ONLY else 2, sorted(word)
        matches = process.extract(
            word,
            self._by_length.get(len(word), []),
            scorer=OSA.distance,
            score_cutoff=most,
            limit=None,
        )
        return [
            (match, int(distance))
            for match, distance, _ in matches
            if distance and sorted(match) == letters and (distance == 1 or match[0] == word[0])
        ]

    def _follow(self, session: CatalogReader) -> None:
        with self._lock:
            self._last, fresh = session.words.words_after(self._last)
            if fresh:
                self._found = {}
            for word in fresh:
                self._by_length.setdefault(len(word), []).append(word)
