"""Words a collection has that are nearly the one that was typed."""

import re
import threading

from binocle.catalog import text_rows
from binocle.catalog.base import CatalogReader
from binocle.metadata.english_words import known_english
from search.spelling.near_words import NearWords
from search.spelling.sounds import sound_alike

_LEAST_LENGTH = 3
_SWAPS_ONLY = 3  # letters: anything else makes another word of so short a one
_TWO_EDITS_FROM = 8
_MOST = 8
_KEPT = 10_000
SELDOM = 8  # texts with a word that may be cut


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

        The distance is that of ``NearWords``. Words that sound alike count as 1 away ("sandles").
        The same letters in another order may be 2 away ("bycicle"), where the first is the same; of
        three letters only neighbours may be exchanged.
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

    def is_cut(self, session: CatalogReader, word: str) -> bool:
        """Tell whether a stored word is only what a long text's end left of it: "for iPhon..."."""
        whole = (near for near in self.near(session, word).get(1, ()) if near.startswith(word))
        if not any(whole) or known_english([word]):
            return False
        rows = session.words.rows_with([[word]])
        if not 0 < len(rows) <= SELDOM:
            return False
        parts = session.parts.of_records((rows >> text_rows.RECORD_SHIFT).tolist())
        texts = [one.text for several in parts.values() for one in several if one.text]
        cut = re.compile(rf"\W{word}\W*(?:\.\.\.|\u2026)\W*$", re.IGNORECASE)
        said = [text for text in texts if re.search(rf"\b{word}\b", text, re.IGNORECASE)]
        return bool(said) and all(map(cut.search, said))

    def _scan(self, word: str) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        if len(word) > _SWAPS_ONLY:
            edits = 2 if len(word) >= _TWO_EDITS_FROM else 1
            for near, distance in self._words.within(word, edits, limit=_MOST):
                found.setdefault(distance, []).append(near)
            alike = [one for one, _ in self._words.within(word, 2) if sound_alike(one, word)]
            if alike:  # then what begins otherwise is hardly meant
                found = {
                    distance: [one for one in near if one[0] == word[0] and one not in alike]
                    for distance, near in found.items()
                }
                found[1] = [*alike, *found.get(1, [])]
        if not found:  # the same letters in another order
            letters = sorted(word)
            for near, distance in self._words.within(word, 1 if len(word) <= _SWAPS_ONLY else 2):
                if sorted(near) == letters and (distance == 1 or near[0] == word[0]):
                    found.setdefault(distance, []).append(near)
        return {
            distance: sorted(
                found[distance],
                key=lambda one: (not sound_alike(one, word), one[0] != word[0], one),
            )[:_MOST]
            for distance in sorted(found)
            if found[distance]
        }

    def _follow(self, session: CatalogReader) -> None:
        with self._lock:
            self._last, fresh = session.words.words_after(self._last)
            if fresh:
                self._found = {}
            self._words.add(fresh)
