"""Sums over the words of a query: what records score, what is exact, and what is demanded.

Words are worth their rarity. Model numbers and brands name what is asked for, and so does a word
that titles begin with where it is asked alone, or no record has all of the words: whoever types
"biba for gifts" would not take any gift.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from binocle.types import BoolArray, Int64Array
from search.keyword.postings import Float32Array, WordMatches
from search.keyword.query_matches import QueryMatches

Float64Array = npt.NDArray[np.float64]

ALL = 0.9999  # of a sum, within rounding
_RARE_SHARE = 0.002
_RARE_COUNT = 3
_TOGETHER = 1.1
_ALONE = 1.5
_LEFT_OUT = 4  # of every so many words behind the first a record in the relevant set may lack one
_PLURAL = 0.9  # how sure a plural is what was meant; what is corrected is less
_FEWEST = 3  # records that have a word as it was typed, for what only begins with it not to count
_MOST = 0.5  # of what the words are worth: less is a number that happens to be there
_OF_BRANDS = 0.2  # the same for brands, which do not happen to be there


@dataclass(frozen=True, slots=True)
class WordSums:
    """Sums over the words of a query, by internal record id.

    Attributes:
        scores: ``(m,)`` float32 sums of BM25.
        masses: ``(m,)`` float32 sums of the found words' rarity.
        covered: ``(m,)`` float32 sums of the rarity of the found words as they were typed, times
            how sure they are what was meant.
        strict: ``(m,)`` uint64, a bit for each word that is there just as it was typed.
        lacking: ``(m,)`` uint8, how many of the words that some record has are there in no way.
        spare: How many of these may be lacking; -1 where every record lacks more.
        whole: ``(m,)`` float32, 1 or more: a factor for records that have the query in one piece.
        mass: The rarity of all words of the query.
        known_mass: The same without model numbers that no record has. Vectors know such no better
            than words do, so they are no reason to trust the other words less.
        typed_mass: The rarity of all words of the query as they were typed.
        names: Which words are model numbers; without such, which are brands; alone, or where no
            record has all words, those that titles begin with.
        asked: The words that make a record exact: these, else all where one of them is rare; none
            where only a text that says just what was typed does.
        least: How much of what the words are worth, 0 to 1, an exact record has.
        demanded_places: Of the words in the query that are demanded.
    """

    scores: Float32Array
    masses: Float32Array
    covered: Float32Array
    strict: npt.NDArray[np.uint64]
    lacking: npt.NDArray[np.uint8]
    spare: int
    whole: Float32Array
    mass: float
    known_mass: float
    typed_mass: float
    names: tuple[int, ...]
    asked: tuple[int, ...]
    least: float
    demanded_places: tuple[int, ...]

    @classmethod
    def of(
        cls, found: QueryMatches, records: int, optional: Collection[str] = frozenset()
    ) -> "WordSums":
        """Add up.

        Args:
            found: What the records have of the query, some word at least.
            records: How many there are.
            optional: Tokens that are not demanded.
        """
        size = 1 + max(int(word.record_ids[-1]) for word in found.words if len(word.record_ids))
        scores, masses, covered = (np.zeros(size, np.float32) for _ in range(3))
        strict, whole = np.zeros(size, np.uint64), np.ones(size, np.float32)
        mass = known_mass = typed_mass = 0.0
        for number, word in enumerate(found.words):
            rare, typed_rare = (
                rarity(one, records) for one in (word.frequency, word.typed_frequency)
            )
            mass += rare
            known_mass += rare if len(word.record_ids) or not word.is_of_number else 0.0
            typed_mass += typed_rare
            sure = np.float32(1.0) if word.sureness is None else word.sureness
            scores[word.record_ids] += np.float32(rare) * word.worths
            masses[word.record_ids] += np.float32(rare)
            covered[word.record_ids] += np.float32(typed_rare) * sure
            strict[word.strict_ids] |= np.uint64(1 << number)
        whole[found.whole[found.whole < size]] = _TOGETHER
        whole[found.alone[found.alone < size]] = _ALONE
        has_all = float(masses.max()) >= mass * ALL
        rare_up_to = max(_RARE_COUNT, records * _RARE_SHARE)
        names, asked, least = _asked(found.words, rare_up_to, has_all=has_all)
        spared = {place for place, word in enumerate(found.asked) if word.token in optional}
        needed = [one for one in found.words if one.place not in spared]
        demanded, lacking, spare = _demands(needed, size)
        if spare < 0:
            named = [found.words[one] for one in names if found.words[one].place not in spared]
            demanded, lacking, spare = _demands(named, size)
        return cls(
            scores, masses, covered, strict, lacking, spare, whole, mass, known_mass, typed_mass,
            names, asked, least, demanded,
        )  # fmt: skip

    def final_scores(self, record_ids: Int64Array) -> Float64Array:
        """Return the scores of records, ``(n,)`` float64 above 0."""
        shares = np.minimum(self.masses[record_ids].astype(np.float64) / self.known_mass, 1.0)
        found = self.scores[record_ids].astype(np.float64)
        return np.asarray(found * shares * self.whole[record_ids], np.float64)

    def shares(self, record_ids: Int64Array) -> Float64Array:
        """Return how much of what the words are worth records have, ``(n,)`` float64."""
        covered = self.covered[record_ids].astype(np.float64)
        return np.asarray(np.minimum(covered / self.typed_mass, 1.0))

    def demanded(self) -> BoolArray:
        """Return which records have what the query demands, ``(m,)`` bool by internal id."""
        return np.asarray(self.lacking.astype(np.int16) <= self.spare)

    def exact(self, record_ids: Int64Array) -> BoolArray:
        """Return which records, ``(n,)``, have just what was asked for, ``(n,)`` bool."""
        exact: BoolArray = self.whole[record_ids] >= np.float32(_ALONE)
        if self.asked:
            wanted = np.uint64(sum(1 << number for number in self.asked))
            has_all = (self.strict[record_ids] & wanted) == wanted
            has_most = self.covered[record_ids] >= np.float32(self.least * self.typed_mass)
            exact |= has_all & has_most
        return exact


def _asked(
    words: Sequence[WordMatches], rare_up_to: float, *, has_all: bool
) -> tuple[tuple[int, ...], tuple[int, ...], float]:
    """Return ``WordSums.names``, ``WordSums.asked`` and ``WordSums.least``."""
    most = max(10, 10 * rare_up_to)
    every = tuple(range(len(words)))
    names = tuple(one for one in every if words[one].is_code and words[one].frequency <= most)
    if names:
        return names, names, _MOST
    if names := tuple(one for one in every if words[one].is_brand):
        return names, names, _MOST if has_all else _OF_BRANDS
    is_alone = len(words) == 1
    if (is_alone or not has_all) and (
        names := tuple(one for one in every if words[one].is_opening)
    ):
        return names, names, _OF_BRANDS
    has_rare = any(one.frequency <= rare_up_to for one in words)
    return (), every if has_rare else (), _MOST


def _demands(
    words: Sequence[WordMatches], size: int
) -> tuple[tuple[int, ...], npt.NDArray[np.uint8], int]:
    """Return ``WordSums.demanded_places``, ``WordSums.lacking`` and ``WordSums.spare``.

    Of several words of which none is found as it was typed nothing is demanded: most likely they
    are another language's, which only look like what was found.
    """
    found = [one for one in words if len(one.record_ids)]
    is_sure = len(words) < 2 or any(_is_found_as_typed(one) for one in found)
    asked = found if is_sure else []
    lacking = np.full(size, len(asked), np.uint8)
    for one in asked:
        lacking[_having(one)] -= np.uint8(1)
    spare = (len(asked) - 1) // _LEFT_OUT
    if not asked or int(lacking.min()) > spare:
        return (), lacking, -1
    return tuple(one.place for one in asked), lacking, spare


def _having(word: WordMatches) -> Int64Array:
    """Return the records that have a word; where more than a few do, not those of a longer one.

    Whoever types "top" while there are tops asks for no topwear.
    """
    if word.sureness is None or len(word.strict_ids) < _FEWEST:
        return word.record_ids
    return np.asarray(word.record_ids[word.sureness >= np.float32(_PLURAL)])


def _is_found_as_typed(word: WordMatches) -> bool:
    """Tell whether records have a word as it was typed, plurals and unfinished ends aside."""
    if len(word.strict_ids) or word.sureness is None:
        return True
    return float(word.sureness.max()) >= _PLURAL


def rarity(frequency: int, records: int) -> float:
    """Return the inverse document frequency, above 0 (as in Lucene)."""
    return math.log1p((max(records, frequency) - frequency + 0.5) / (frequency + 0.5))
