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
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from binocle.catalog.base import CatalogReader
from binocle.types import BoolArray, Int64Array
from search.keyword.query_matches import QueryMatches
from search.keyword.query_words import QueryWords, parse
from search.keyword.word_matcher import WordMatcher
from search.keyword.word_sums import ALL, WordSums, rarity
from search.rules.ranking_rules import NO_SYNONYMS, SynonymTable
from search.spelling.collection_spelling import Spelling

Float64Array = npt.NDArray[np.float64]

_MODEL_NUMBER = re.compile(
    r"(?!\d+(?:st|nd|rd|th|s)$)(?=\S*\d)(?=\S*[^\W\d_])\S{3,}", re.IGNORECASE
)


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
        shares: ``(n,)`` float64 0 to 1, how much of what the query's words are worth each record
            has. A word that no record has is worth most; corrected and unfinished ones count less.
        total: How many records match at all.
        full_score: What a title of ten words with all words of the query would score, but for model
            numbers that no record has.
        coverage: The highest share of any record of the collection, whatever is allowed.
        best_score: The highest score of any record of the collection, whatever is allowed.
        worth: What all words of the query are worth, in words that no record has.
        has_all: Some record of the collection has all words, in whatever way.
        lacks_number: No record has one of the query's model numbers (letters and digits, three of
            them or more).
        names: Exact ones are so by model numbers or brands.
        find_words: Returns the words that the i-th record has, in the query's order (a corrected
            one as it stands in the record).
        demanded_of: ``(m,)`` bool by internal record id, whether a record has the words that some
            record has, of five and more all but one. Beyond its end none has; false for all where
            no record has.
        demanded: The words that these are, of which ``spare`` may lack; none where that are all.
        spare: How many.
    """

    record_ids: Int64Array
    positions: Int64Array
    scores: Float64Array
    exact: BoolArray
    shares: Float64Array
    total: int = 0
    full_score: float = 1.0
    coverage: float = 0.0
    best_score: float = 0.0
    worth: float = 1.0
    has_all: bool = False
    lacks_number: bool = False
    names: bool = False
    find_words: Callable[[int], tuple[str, ...]] = lambda _: ()
    demanded_of: BoolArray = field(default_factory=lambda: np.empty(0, np.bool_))
    demanded: tuple[str, ...] = ()
    spare: int = 0

    def first(self, count: int) -> "KeywordRanking":
        """Return what a search for so many records finds."""
        return replace(
            self,
            record_ids=self.record_ids[:count],
            positions=self.positions[:count],
            scores=self.scores[:count],
            exact=self.exact[:count],
            shares=self.shares[:count],
        )


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
        self, session: CatalogReader, text: str, k: int, allowed: BoolArray | None = None,
        synonyms: SynonymTable = NO_SYNONYMS, optional: Sequence[str] = (),
    ) -> KeywordRanking:  # fmt: skip
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
            synonyms: What counts as a word of the text as well.
            optional: Words of the text that are not demanded.
        """
        wording = parse(text, synonyms)
        with self._lock:
            matcher = self._matcher = self._matcher.at(session)
        found = matcher.match(session, wording)
        lacks_number = _lacks_number(wording, found)
        if not found.words or k < 1:
            return _nothing(lacks_number=lacks_number)
        sums = WordSums.of(found, matcher.records, _tokens_of(optional))
        every = np.flatnonzero(sums.scores)
        scores = sums.final_scores(every)
        kept = found.passing(allowed, len(sums.scores))[every]
        record_ids, kept_scores = every[kept], scores[kept]
        exact = sums.exact(record_ids)
        places = _best(record_ids, kept_scores, exact, k)
        chosen = record_ids[places]
        return KeywordRanking(
            chosen,
            found.positions(chosen),
            kept_scores[places],
            exact[places],
            sums.shares(chosen),
            total=len(record_ids),
            full_score=sums.known_mass,
            coverage=min(1.0, float(sums.covered.max()) / sums.typed_mass),
            best_score=float(scores.max(initial=0.0)),
            worth=sums.typed_mass / rarity(0, matcher.records),
            has_all=float(sums.masses.max()) >= sums.mass * ALL,
            lacks_number=lacks_number,
            names=bool(sums.names),
            find_words=lambda place: found.words_of(int(chosen[place])),
            demanded_of=sums.demanded(),
            demanded=_said(sums.demanded_places, found),
            spare=max(sums.spare, 0),
        )


def _tokens_of(texts: Sequence[str]) -> frozenset[str]:
    return frozenset(word.token for text in texts for word in parse(text).words)


def _lacks_number(wording: QueryWords, found: QueryMatches) -> bool:
    known = {wording.words[one.place].token for one in found.words if len(one.record_ids)}
    return any(is_model_number(one.token) and one.token not in known for one in wording.words)


def _nothing(*, lacks_number: bool) -> KeywordRanking:
    none, zeros = np.empty(0, np.int64), np.empty(0)
    no_bools = np.empty(0, np.bool_)
    return KeywordRanking(none, none, zeros, no_bools, zeros, lacks_number=lacks_number)


def _said(places: Sequence[int], found: QueryMatches) -> tuple[str, ...]:
    """Return the words at some places of a query; none where these are all its words."""
    said = tuple(found.asked[one].token for one in places)
    return said if len(said) < len(found.words) else ()


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
