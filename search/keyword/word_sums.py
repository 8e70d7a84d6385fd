"""What the words of a query add up to in each record."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from binocle.types import BoolArray, Int64Array
from search.keyword.postings import Float32Array
from search.keyword.word_matcher import QueryMatches
from search.keyword.word_ways import WordMatches

Float64Array = npt.NDArray[np.float64]

_RARE_SHARE = 0.002
_RARE_COUNT = 3
_TOGETHER = 1.1
_ALONE = 1.5
_MOST = 0.5  # of what the words are worth: less is a number that happens to be there


@dataclass(frozen=True, slots=True)
class WordSums:
    """Sums over the words of a query, by internal record id.

    Attributes:
        scores: ``(m,)`` float32 sums of BM25.
        masses: ``(m,)`` float32 sums of the found words' rarity.
        covered: ``(m,)`` float32 sums of the rarity of the found words as they were typed, times
            how sure they are what was meant.
        strict: ``(m,)`` uint64, a bit for each word that is there just as it was typed.
        whole: ``(m,)`` float32, 1 or more: a factor for records that have the query in one piece.
        mass: The rarity of all words of the query.
        known_mass: The same without model numbers that no record has. Vectors know such no better
            than words do, so they are no reason to trust the other words less.
        typed_mass: The rarity of all words of the query as they were typed.
    """

    scores: Float32Array
    masses: Float32Array
    covered: Float32Array
    strict: npt.NDArray[np.uint64]
    whole: Float32Array
    mass: float
    known_mass: float
    typed_mass: float

    @classmethod
    def of(cls, found: QueryMatches, records: int) -> "WordSums":
        """Add up.

        Args:
            found: What the records have of the query, some word at least.
            records: How many there are.
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
        return cls(scores, masses, covered, strict, whole, mass, known_mass, typed_mass)

    def final_scores(self, record_ids: Int64Array) -> Float64Array:
        """Return the scores of records, ``(n,)`` float64 above 0."""
        shares = np.minimum(self.masses[record_ids].astype(np.float64) / self.known_mass, 1.0)
        found = self.scores[record_ids].astype(np.float64)
        return np.asarray(found * shares * self.whole[record_ids], np.float64)

    def shares(self, record_ids: Int64Array) -> Float64Array:
        """Return how much of what the words are worth records have, ``(n,)`` float64."""
        covered = self.covered[record_ids].astype(np.float64)
        return np.asarray(np.minimum(covered / self.typed_mass, 1.0))

    def exact(self, record_ids: Int64Array, asked: Sequence[int]) -> BoolArray:
        """Return which records have just what was asked for, ``(n,)`` bool.

        Args:
            record_ids: ``(n,)`` int64, internal.
            asked: The words that make a record exact; none where only a text that says just what
                was typed does.
        """
        exact: BoolArray = self.whole[record_ids] >= np.float32(_ALONE)
        if asked:
            wanted = np.uint64(sum(1 << number for number in asked))
            has_all = (self.strict[record_ids] & wanted) == wanted
            has_most = self.covered[record_ids] >= np.float32(_MOST * self.typed_mass)
            exact |= has_all & has_most
        return exact


def rarity(frequency: int, records: int) -> float:
    """Return the inverse document frequency, above 0 (as in Lucene)."""
    return math.log1p((max(records, frequency) - frequency + 0.5) / (frequency + 0.5))


def named_words(words: Sequence[WordMatches], records: int) -> list[int]:
    """Return which words are model numbers; without such, which are brands."""
    most = max(10, 10 * _rare_up_to(records))
    codes = [place for place, one in enumerate(words) if one.is_code and one.frequency <= most]
    return codes or [place for place, one in enumerate(words) if one.is_brand]


def rare_words(words: Sequence[WordMatches], records: int) -> list[int]:
    """Return all words where one of them is rare; none where none is."""
    limit = _rare_up_to(records)
    return list(range(len(words))) if any(one.frequency <= limit for one in words) else []


def _rare_up_to(records: int) -> float:
    return max(_RARE_COUNT, records * _RARE_SHARE)
