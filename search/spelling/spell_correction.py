"""What misspelt words of a text were probably meant to be, for a model that knows whole words.

Such a model cuts what is not in its vocabulary into pieces, which tell it little: of captions with
one misspelt word ``mini`` finds a sixth fewer pictures. What is English or stored is left alone, as
is what stands in quotes, a name within a text, and a text of another language, of which few words
come near a known one.
The figures and how the constants were found: docs/keywords.md.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TypeAlias

from binocle.metadata.english_words import known_english
from search.spelling.near_words import NearWords
from search.spelling.sounds import sound_alike

_WORD = re.compile(r"""(?<![\w'’@#./-])[A-Za-z]{3,}(?![\w@/-]|['’.]\w)""")
_FOREIGN = re.compile(r"[^\W\d_]*[^\W\d_\x00-\x7f][^\W\d_]*")
_QUOTED = re.compile(r'["“„«][^"“”„«»]*["”“»]')
_SHORT = 3  # letters: in so short a word only neighbours may have been exchanged
_COMMON = 600  # place in the vocabulary up to which a word is common
_BEGINNING_FROM = 5  # letters, for another beginning of a common word
_ANYTHING_FROM = 7  # letters: less may be a name that differs by chance
_TWO_EDITS_FROM = 8  # letters; less where the same letters stand in another order
_SECOND_EDIT = 4.0  # costs, in logarithms of places in the vocabulary
_OTHER_BEGINNING = 1.5
_SAME_LETTERS = 1.5  # gains
_LETTER_MISSING = 1.0
_FIRST_PLACES = 30  # in the vocabulary, which count about alike
_STORED = 30  # place in the vocabulary of a word that the collection has, at most
_FREQUENCY = 0.15  # costs less, a logarithm of texts
_KEPT = 10_000
_LONGEST = 24  # letters; what is longer is no word
_MOST = 32  # unknown words; a text with more is no question

FindNear: TypeAlias = Callable[[str], Mapping[int, Sequence[str]]]
Count: TypeAlias = Callable[[str], int]


class Corrector:
    """Corrects texts for one model. Thread-safe."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        """Set up.

        Args:
            vocabulary: The model's whole words, common ones first; beginnings of words among them
                do no harm.
        """
        self._places = {word: place for place, word in enumerate(vocabulary)}
        self._nearest = lru_cache(_KEPT)(self._search)

    def corrected(
        self,
        text: str,
        find_stored: Callable[[list[str]], set[str]],
        find_near: FindNear = lambda _word: {},
        count: Count = lambda _word: 1,
    ) -> str:
        """Return a text with its misspelt words as they were probably meant.

        Args:
            text: What somebody typed.
            find_stored: Returns which of some words the collection has; these are right.
            find_near: Returns words the collection has that are near another, see ``Spelling``;
                they may be what was meant as well as the model's own.
            count: Returns in how many texts the collection has a word; of stored words that are as
                near, the one that more have is meant.
        """
        quoted = [found.span() for found in _QUOTED.finditer(text)]
        words = [
            found
            for found in _WORD.finditer(text)
            if not any(start <= found.start() < end for start, end in quoted)
            and not (found.start() and _is_name(found[0], text))
        ]
        typed = {word for found in words if len(word := found[0].lower()) <= _LONGEST}
        typed -= known_english(typed)
        if len(typed - self._places.keys()) > _MOST:
            return text
        typed -= find_stored(sorted(typed)) if typed else set()
        unknown = typed - self._places.keys()
        read = {word: near for word in unknown if (near := self._corrected(word, find_near, count))}
        if 2 * len(read) <= len(unknown) and unknown:
            return text
        # What the model has of words that are no English is mostly pieces.
        pieces = sorted(typed - unknown)[:_MOST]
        meant = {word: near for word in pieces if (near := self._longer(word, find_near, count))}
        read |= meant if 2 * len(meant) > len(pieces) + len(_FOREIGN.findall(text)) else {}
        written, end = [], 0
        for found in words:
            if (near := read.get(found[0].lower())) is not None:
                written += [text[end : found.start()], _as_typed(found[0], near)]
                end = found.end()
        return "".join([*written, text[end:]])

    def _corrected(self, word: str, find_near: FindNear, count: Count) -> str | None:
        """Return the known or stored word that is nearest and common; None where none is near."""
        own = self._nearest(word)
        found = [*self._stored_costs(word, find_near, count), *([own] if own else [])]
        return min(found, default=(0.0, None))[1]

    def _longer(self, word: str, find_near: FindNear, count: Count) -> str | None:
        """Return the stored word that has just one letter more; None where there is none.

        Of a piece that may be a word of another language no letter is taken for another.
        """
        costs = self._stored_costs(word, find_near, count)
        return min((one for one in costs if _lacks_one(word, one[1])), default=(0.0, None))[1]

    def _stored_costs(
        self, word: str, find_near: FindNear, count: Count
    ) -> list[tuple[float, str]]:
        found = []
        for distance, several in find_near(word).items():
            for near in several:
                is_alike = sound_alike(word, near)
                if is_alike or _may_be_meant(word, near, distance, is_common=True):
                    place = min(self._places.get(near, _STORED), _STORED)
                    cost = self._cost(word, near, 1 if is_alike else distance, place)
                    found.append((cost - _FREQUENCY * math.log(max(1, count(near))), near))
        return found

    def _search(self, word: str) -> tuple[float, str] | None:
        """Return what the model's nearest word costs, and the word; None where none is near."""
        found = []
        for near, distance in self._english.within(word, 2):
            place = self._places[near]
            if not _may_be_meant(word, near, distance, is_common=place < _COMMON):
                continue
            found.append((self._cost(word, near, distance, place), near))
        return min(found, default=None)

    @staticmethod
    def _cost(word: str, near: str, distance: int, place: int) -> float:
        same_letters = sorted(near) == sorted(word)
        cost = math.log(_FIRST_PLACES + place) + _SECOND_EDIT * (distance - 1)
        cost += 0 if same_letters or near[0] == word[0] else _OTHER_BEGINNING
        return cost - _SAME_LETTERS * same_letters - _LETTER_MISSING * (len(near) > len(word))

    @cached_property
    def _english(self) -> NearWords:
        return NearWords(known_english(self._places))


def _may_be_meant(word: str, near: str, distance: int, *, is_common: bool) -> bool:
    """Tell whether a known word is a likely reading of one that may be a name.

    Letters in another order, a letter left out and one typed twice are mistakes of the hand; short
    words that differ otherwise are mostly other words.
    """
    same_beginning = near[0] == word[0]
    if sorted(near) == sorted(word):
        if len(word) <= _SHORT:
            return distance == 1 and is_common
        return same_beginning or distance == 1
    least = _BEGINNING_FROM if is_common else _ANYTHING_FROM
    if len(word) <= _SHORT or (not same_beginning and len(word) < least):
        return False
    if distance > 1:
        return len(word) >= _TWO_EDITS_FROM
    if same_beginning and (len(near) > len(word) or _is_doubled(word, near)):
        return True
    return is_common or len(word) >= _ANYTHING_FROM


def _lacks_one(word: str, near: str) -> bool:
    """Tell whether a word is another without one of its letters."""
    return any(near[:at] + near[at + 1 :] == word for at in range(len(near)))


def _is_doubled(word: str, near: str) -> bool:
    """Tell whether a word is another with one letter typed twice."""
    return any(
        word[at] == word[at + 1] and word[:at] + word[at + 1 :] == near
        for at in range(len(word) - 1)
    )


def _is_name(word: str, text: str) -> bool:
    """Tell whether a word is written large, and the text around it small."""
    return word[0].isupper() and not text.isupper() and not text.istitle()


def _as_typed(word: str, near: str) -> str:
    """Return a correction with capitals where the word that was typed had them."""
    if word.isupper():
        return near.upper()
    return near.capitalize() if word[0].isupper() else near
