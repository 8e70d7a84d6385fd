"""Words → a ranking of records, through the full-text index of the catalogue.

BM25 over the texts of a record, each scored by its own length; of several texts with a word the
best counts, so that a title said again in a description is not worth more. A word that occurs
twice in one text counts once: titles are short. Sources: Robertson and Zaragoza, "The
Probabilistic Relevance Framework: BM25 and Beyond", 2009; the share of the query's words that were
found as a factor is the coordination level of Lucene's classic similarity. Texts that have the
query in one piece count more, and those that say nothing else come first.
"""

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from binocle.catalog.base import CatalogReader
from binocle.types import BoolArray, Int64Array
from search.keyword.query_words import QueryWords, parse
from search.keyword.word_matcher import QueryMatches, WordMatcher
from search.keyword.word_sums import WordSums, named_words, rare_words, rarity
from search.keyword.word_ways import WordMatches
from search.spelling.collection_spelling import Spelling

Float64Array = npt.NDArray[np.float64]

_MODEL_NUMBER = re.compile(
    r"(?!\d+(?:st|nd|rd|th|s)$)(?=\S*\d)(?=\S*[^\W\d_])\S{3,}", re.IGNORECASE
)
_ALL = 0.9999  # of a sum, within rounding


@dataclass(frozen=True, slots=True)
class KeywordRanking:
    """Records ranked by the words of one query: exact ones first, then by score, then by id.

    The place of a record does not depend on how many were asked for.

    Attributes:
        record_ids: ``(n,)`` int64, internal, each once.
        positions: ``(n,)`` int64, which of the record's parts has the words best, counted from 0
            as in ``Record.parts``; -1 where they are in its file name or its fields. See
            ``catalog.protocols.records.PartReader.at``.
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
        self, session: CatalogReader, text: str, k: int, allowed: BoolArray | None = None
    ) -> KeywordRanking:
        """Rank the records that have words of a text.

        All words are optional, ``"quoted words"`` must stand together, ``-word`` must not be
        there, ``word*`` and the last word may be beginnings. Nothing else has a meaning, and no
        text is refused.

        Args:
            session: A reading transaction.
            text: What somebody typed; beyond 2,000 characters or 64 words it is ignored.
            k: How many records at most. There are fewer only where fewer match.
            allowed: ``(m,)`` bool by internal record id; beyond its end nothing is allowed. None
                allows all.
        """
        wording = parse(text)
        with self._lock:
            matcher = self._matcher = self._matcher.at(session)
        found = matcher.match(session, wording)
        lacks = _lacks_number(wording, found.words)
        if not found.words or k < 1:
            return _nothing(lacks_number=lacks)
        sums = WordSums.of(found, matcher.records)
        every = np.flatnonzero(sums.scores)
        scores = sums.final_scores(every)
        kept = _passing(found, allowed, len(sums.scores))[every]
        record_ids, kept_scores = every[kept], scores[kept]
        names = named_words(found.words, matcher.records)
        exact = sums.exact(record_ids, names or rare_words(found.words, matcher.records))
        places = _best(record_ids, kept_scores, exact, k)
        chosen = record_ids[places]
        return KeywordRanking(
            chosen,
            _positions(found.words, chosen),
            kept_scores[places],
            exact[places],
            total=len(record_ids),
            full_score=sums.known_mass,
            shares=sums.shares(chosen),
            coverage=min(1.0, float(sums.covered.max()) / sums.typed_mass),
            best_score=float(scores.max(initial=0.0)),
            worth=sums.typed_mass / rarity(0, matcher.records),
            has_all=float(sums.masses.max()) >= sums.mass * _ALL,
            lacks_number=lacks,
            names=bool(names),
            find_words=lambda place: _found_words(wording, found.words, int(chosen[place])),
        )

    def has_words(self, session: CatalogReader) -> bool:
        """Tell whether any record has a text that ``search`` could find, file names aside."""
        return session.words.has_texts()


def _passing(found: QueryMatches, allowed: BoolArray | None, size: int) -> BoolArray:
    """Return which records are allowed, have each required phrase and no excluded one.

    Returns:
        ``(size,)`` bool by internal record id.
    """
    passing = np.ones(size, np.bool_)
    for record_ids in found.required:
        passing &= np.isin(np.arange(size), record_ids)
    for record_ids in found.excluded:
        passing[record_ids[record_ids < size]] = False
    if allowed is not None:
        passing[: len(allowed)] &= allowed[:size]
        passing[len(allowed) :] = False
    return passing


def _lacks_number(wording: QueryWords, found: Sequence[WordMatches]) -> bool:
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
        total=0,
        full_score=1.0,
        shares=np.empty(0, np.float64),
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


def _best(record_ids: Int64Array, scores: Float64Array, exact: BoolArray, k: int) -> Int64Array:
    """Return the places of the best k: exact ones first, then by score, then by id."""
    keys = scores + np.where(exact, scores.max(initial=0) + 1, 0)
    places = np.arange(len(keys))
    if len(keys) > k:
        least = np.partition(keys, len(keys) - k)[len(keys) - k]
        places = np.flatnonzero(keys >= least)
    ordered: Int64Array = places[np.lexsort((record_ids[places], -keys[places]))][:k]
    return ordered


def _positions(words: Sequence[WordMatches], record_ids: Int64Array) -> Int64Array:
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


def _found_words(
    wording: QueryWords, words: Sequence[WordMatches], record_id: int
) -> tuple[str, ...]:
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
