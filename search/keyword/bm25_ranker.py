"""Words → a ranking of records, through the full-text index of the catalogue.

BM25 over the texts of a record, each scored by its own length; of several texts with a word the
best counts, so that a title said again in a description is not worth more. A word that occurs
twice in one text counts once: titles are short. Sources: Robertson and Zaragoza, "The
Probabilistic Relevance Framework: BM25 and Beyond", 2009; the share of the query's words that were
found as a factor is the coordination level of Lucene's classic similarity. Texts that have the
query in one piece count more, and those that say nothing else come first.
"""

import math
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from binocle.catalog.database import Connection
from binocle.catalog.tables import fulltext as catalog
from binocle.types import BoolArray, Int64Array
from search.keyword.collection_spelling import Spelling
from search.keyword.query_words import QueryWords, parse
from search.keyword.word_matcher import WordMatcher, WordMatches

Float64Array = npt.NDArray[np.float64]

RARE_SHARE = 0.002
RARE_COUNT = 3
_MODEL_NUMBER = re.compile(
    r"(?!\d+(?:st|nd|rd|th|s)$)(?=\S*\d)(?=\S*[^\W\d_])\S{3,}", re.IGNORECASE
)
_TOGETHER = 1.1
_ALONE = 1.5
_ALL = 0.9999  # of a sum, within rounding
_MOST = 0.5  # of what the words are worth: less is a number that happens to be there


@dataclass(frozen=True, slots=True)
class KeywordRanking:
    """Records ranked by the words of one query: exact ones first, then by score, then by id.

    The place of a record does not depend on how many were asked for.

    Attributes:
        record_ids: ``(n,)`` int64, internal, each once.
        positions: ``(n,)`` int64, which of the record's parts has the words best, counted from 0
            as in ``Record.parts``; -1 where they are in its file name or its fields. See
            ``binocle.catalog.tables.fulltext.part_ids``.
        scores: ``(n,)`` float64 above 0, higher is better: BM25 times the share of the words found.
        exact: ``(n,)`` bool, True where the record has just the model number or the brand that was
            asked for, all words and a rare one among them, or a text that says just what was typed;
            fusion puts these before all others.
        total: How many records match at all.
        full_score: What a title of ten words with all words of the query would score, but for model
            numbers that no record has.
        shares: ``(n,)`` float64 0 to 1, how much of what the query's words are worth each record
            has. A word that no record has is worth most; corrected and unfinished ones count less.
        coverage: The highest share of any record of the collection, whatever is allowed.
        best_score: The highest score of any record of the collection, whatever is allowed.
        worth: What all words of the query are worth, in words that no record has.
        has_all: Some record of the collection has all words, in whatever way.
        lacks_number: No record has one of the query's model numbers (letters and digits, three of
            them or more).
        names: Exact ones are so by model numbers or brands.
        find_words: Returns the words that the i-th record has, in the query's order (a corrected
            one as it stands in the record).
    """

    record_ids: Int64Array
    positions: Int64Array
    scores: Float64Array
    exact: BoolArray
    total: int
    full_score: float
    shares: Float64Array
    coverage: float
    best_score: float
    worth: float
    has_all: bool
    lacks_number: bool
    names: bool
    find_words: Callable[[int], tuple[str, ...]]


class Keywords:
    """Searches a collection's words. Thread-safe; keeps what it read until the next change."""

    def __init__(self, spelling: Spelling | None = None) -> None:
        """Set up; nothing is read yet.

        Args:
            spelling: The collection's vocabulary, where somebody shares it.
        """
        self._lock = threading.Lock()
        self._matcher = WordMatcher(spelling=spelling)

    def search(
        self, connection: Connection, text: str, k: int, allowed: BoolArray | None = None
    ) -> KeywordRanking:
        """Rank the records that have words of a text.

        All words are optional, ``"quoted words"`` must stand together, ``-word`` must not be
        there, ``word*`` and the last word may be beginnings. Nothing else has a meaning, and no
        text is refused.

        Args:
            connection: A reading transaction.
            text: What somebody typed; beyond 2,000 characters or 64 words it is ignored.
            k: How many records at most. There are fewer only where fewer match.
            allowed: ``(m,)`` bool by internal record id; beyond its end nothing is allowed. None
                allows all.
        """
        wording = parse(text)
        with self._lock:
            matcher = self._matcher = self._matcher.at(connection)
        found = matcher.match(connection, wording)
        lacks = _lacks_number(wording, found)
        if not found or k < 1:
            return _nothing(lacks_number=lacks)
        tally = _Tally.of(found, matcher.records, *matcher.whole(connection, wording))
        every = np.flatnonzero(tally.scores)
        scores = tally.final_scores(every)
        best_score = float(scores.max(initial=0.0))
        tally.restrict(matcher.required(connection, wording), allowed)
        tally.drop(matcher.excluded(connection, wording))
        kept = tally.scores[every] > 0
        record_ids, scores = every[kept], scores[kept]
        exact = tally.exact(record_ids)
        places = _best(record_ids, scores, exact, k)
        chosen = record_ids[places]
        return KeywordRanking(
            chosen,
            _positions(found, chosen),
            scores[places],
            exact[places],
            len(record_ids),
            tally.known_mass,
            tally.shares(chosen),
            tally.coverage,
            best_score,
            tally.typed_mass / _rarity(0, matcher.records),
            tally.has_all,
            lacks,
            bool(tally.named()),
            lambda place: _found_words(wording, found, int(chosen[place])),
        )

    def has_words(self, connection: Connection) -> bool:
        """Tell whether any record has a text that ``search`` could find, file names aside."""
        return catalog.has_texts(connection)


@dataclass(slots=True)
class _Tally:
    """Sums over the words of a query, by internal record id.

    Attributes:
        words: The words that any record has.
        scores: ``(m,)`` float32 sums of BM25.
        masses: ``(m,)`` float32 sums of the found words' rarity.
        strict: ``(m,)`` uint64, a bit for each word that is there just as it was typed.
        whole: ``(m,)`` float32, 1 or more: a factor for records that have the query in one piece.
        mass: The rarity of all words of the query.
        known_mass: The same without model numbers that no record has. Vectors know such no better
            than words do, so they are no reason to trust the other words less.
        covered: ``(m,)`` float32 sums of the rarity of the found words as they were typed, times
            how sure they are what was meant.
        typed_mass: The rarity of all words of the query as they were typed.
        records: How many records there are.
    """

    words: list[WordMatches]
    scores: npt.NDArray[np.float32]
    masses: npt.NDArray[np.float32]
    strict: npt.NDArray[np.uint64]
    whole: npt.NDArray[np.float32]
    mass: float
    known_mass: float
    covered: npt.NDArray[np.float32]
    typed_mass: float
    records: int

    @classmethod
    def of(
        cls, words: list[WordMatches], records: int, together: Int64Array, alone: Int64Array
    ) -> "_Tally":
        size = 1 + max(int(word.record_ids[-1]) if len(word.record_ids) else 0 for word in words)
        scores, masses = np.zeros(size, np.float32), np.zeros(size, np.float32)
        strict, whole = np.zeros(size, np.uint64), np.ones(size, np.float32)
        covered = np.zeros(size, np.float32)
        mass = known_mass = typed_mass = 0.0
        for number, word in enumerate(words):
            rarity = _rarity(word.frequency, records)
            mass += rarity
            known_mass += rarity if len(word.record_ids) or not word.is_of_number else 0.0
            scores[word.record_ids] += np.float32(rarity) * word.worths
            masses[word.record_ids] += np.float32(rarity)
            typed_rarity = _rarity(word.typed_frequency, records)
            typed_mass += typed_rarity
            sure = np.float32(1.0) if word.sureness is None else word.sureness
            covered[word.record_ids] += np.float32(typed_rarity) * sure
            strict[word.strict_ids] |= np.uint64(1 << number)
        whole[together[together < size]] = _TOGETHER
        whole[alone[alone < size]] = _ALONE
        return cls(
            words, scores, masses, strict, whole, mass, known_mass, covered, typed_mass, records
        )

    @property
    def coverage(self) -> float:
        """The highest share of any record."""
        return min(1.0, float(self.covered.max()) / self.typed_mass)

    @property
    def has_all(self) -> bool:
        """Tell whether a record has all words."""
        return float(self.masses.max()) >= self.mass * _ALL

    def shares(self, record_ids: Int64Array) -> Float64Array:
        """Return how much of what the words are worth records have, ``(n,)`` float64."""
        covered = self.covered[record_ids].astype(np.float64)
        return np.asarray(np.minimum(covered / self.typed_mass, 1.0))

    def restrict(self, required: list[Int64Array], allowed: BoolArray | None) -> None:
        """Leave only records that have each required phrase, and are allowed."""
        for record_ids in required:
            kept = np.zeros(len(self.scores), np.bool_)
            kept[record_ids[record_ids < len(kept)]] = True
            self.scores[~kept] = 0
        if allowed is not None:
            kept = allowed[: len(self.scores)]
            self.scores[: len(kept)][~kept] = 0
            self.scores[len(kept) :] = 0

    def drop(self, excluded: list[Int64Array]) -> None:
        """Leave out records that have any excluded phrase."""
        for record_ids in excluded:
            self.scores[record_ids[record_ids < len(self.scores)]] = 0

    def final_scores(self, record_ids: Int64Array) -> Float64Array:
        """Return the scores, ``(n,)`` float64 above 0."""
        shares = np.minimum(self.masses[record_ids].astype(np.float64) / self.known_mass, 1.0)
        found = self.scores[record_ids].astype(np.float64)
        final: Float64Array = found * shares * self.whole[record_ids]
        return final

    def exact(self, record_ids: Int64Array) -> BoolArray:
        """Return which records have just what was asked for, ``(n,)`` bool."""
        says_just_that = self.whole[record_ids] >= np.float32(_ALONE)
        every = range(len(self.words))
        asked, limit = self.named(), self._rare
        if not asked and any(self.words[one].frequency <= limit for one in every):
            asked = list(every)
        if not asked:
            return says_just_that
        wanted = np.uint64(sum(1 << number for number in asked))
        has_all: BoolArray = (self.strict[record_ids] & wanted) == wanted
        has_most = self.covered[record_ids] >= np.float32(_MOST * self.typed_mass)
        return (has_all & has_most) | says_just_that

    def named(self) -> list[int]:
        """Return which words are model numbers; without such, which are brands."""
        every = range(len(self.words))
        most = max(10, 10 * self._rare)
        codes = [one for one in every if self.words[one].is_code]
        codes = [one for one in codes if self.words[one].frequency <= most]
        return codes or [one for one in every if self.words[one].is_brand]

    @property
    def _rare(self) -> float:
        return max(RARE_COUNT, self.records * RARE_SHARE)


def _lacks_number(wording: QueryWords, found: list[WordMatches]) -> bool:
    """Tell whether a model number of a query is in no record."""
    known = {one.place for one in found if len(one.record_ids)}
    known_tokens = {wording.words[place].token for place in known}
    return any(
        is_model_number(one.token) and one.token not in known_tokens for one in wording.words
    )


def _nothing(*, lacks_number: bool) -> KeywordRanking:
    empty = np.empty(0, np.int64)
    return KeywordRanking(
        empty,
        empty,
        np.empty(0, np.float64),
        np.empty(0, np.bool_),
        0,
        1.0,
        np.empty(0, np.float64),
        coverage=0.0,
        best_score=0.0,
        worth=1.0,
        has_all=False,
        lacks_number=lacks_number,
        names=False,
        find_words=lambda _: (),
    )


def is_model_number(text: str) -> bool:
    """Tell whether a text is like ``WH-1000XM4``, with letters and digits and no space.

    Ordinals and decades, as in "20th" and "1920s", are none.
    """
    return _MODEL_NUMBER.fullmatch(text) is not None


def _rarity(frequency: int, records: int) -> float:
    """Return the inverse document frequency, above 0 (as in Lucene)."""
    return math.log1p((max(records, frequency) - frequency + 0.5) / (frequency + 0.5))


def _best(record_ids: Int64Array, scores: Float64Array, exact: BoolArray, k: int) -> Int64Array:
    """Return the places of the best k: exact ones first, then by score, then by id."""
    keys = scores + np.where(exact, scores.max(initial=0) + 1, 0)
    places = np.arange(len(keys))
    if len(keys) > k:
        least = np.partition(keys, len(keys) - k)[len(keys) - k]
        places = np.flatnonzero(keys >= least)
    ordered: Int64Array = places[np.lexsort((record_ids[places], -keys[places]))][:k]
    return ordered


def _positions(words: list[WordMatches], record_ids: Int64Array) -> Int64Array:
    """Return the position of the part with the word that is worth most; -1 for none."""
    positions = np.full(len(record_ids), -1, np.int64)
    best = np.zeros(len(record_ids), np.float64)
    for word in words:
        for matches, weight in word.ways:
            places = matches.find(record_ids)
            there = np.flatnonzero(places >= 0)
            worth = weight * matches.worths[places[there]].astype(np.float64)
            worth /= 1 + word.frequency
            there, worth = there[worth > best[there]], worth[worth > best[there]]
            best[there] = worth
            positions[there] = matches.positions[places[there]]
    return positions


def _found_words(wording: QueryWords, words: list[WordMatches], record_id: int) -> tuple[str, ...]:
    """Return the words of a query that a record has; pairs of characters that overlap as one."""
    found: list[str] = []
    last = -2
    for word in words:
        shown = word.shown(record_id)
        if shown is None:
            continue
        asked = wording.words[word.place]
        follows = word.place == last + 1 and wording.words[last].run == asked.run
        if asked.paired and follows and found:
            found[-1] += shown[1:]
        else:
            found.append(shown)
        last = word.place
    return tuple(dict.fromkeys(found))
