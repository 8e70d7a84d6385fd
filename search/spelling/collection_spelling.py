"""Words a collection has that are nearly the one that was typed."""

import threading

from binocle.catalog.base import CatalogReader
from search.spelling.near_words import NearWords

_LEAST_LENGTH = 3
_SWAPS_ONLY = 3  # letters: anything else makes another word of so short a one
_TWO_EDITS_FROM = 8
_MOST = 8
_KEPT = 10_000


class Spelling:
    """The stored words, read once and followed as they grow. Thread-safe."""

    def __init__(self) -> None:
        """Set up; nothing is read yet."""
        self._lock = threading.Lock()
        self._words = NearWords()
        self._last = 0
        self._found: dict[str, dict[int, list[str]]] = {}

    def near(self, session: CatalogReader, word: str) -> dict[int, list[str]]:
        """Return stored words by their distance, 1 for words of 4 to 7 letters, up to 2 beyond.

        The distance is that of ``NearWords``. The same letters in another order may be 2 away
        ("bycicle"), where the first is the same; of three letters only neighbours may be exchanged.
        Words with digits are right as they are: another model is another thing.
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
        found: dict[int, list[str]] = {}
        if len(word) > _SWAPS_ONLY:
            edits = 2 if len(word) >= _TWO_EDITS_FROM else 1
            for near, distance in self._words.within(word, edits, limit=_MOST):
                found.setdefault(distance, []).append(near)
        if not found:  # the same letters in another order
            letters = sorted(word)
            for near, distance in self._words.within(word, 1 if len(word) <= _SWAPS_ONLY else 2):
                if sorted(near) == letters and (distance == 1 or near[0] == word[0]):
                    found.setdefault(distance, []).append(near)
        return {
            distance: sorted(found[distance], key=lambda one: (one[0] != word[0], one))[:_MOST]
            for distance in sorted(found)
        }

    def _follow(self, session: CatalogReader) -> None:
        with self._lock:
            self._last, fresh = session.words.words_after(self._last)
            if fresh:
                self._found = {}
            self._words.add(fresh)
