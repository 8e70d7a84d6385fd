"""The records that have each word of a query, in any of the ways it may be written."""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from cachetools import LRUCache

from binocle.catalog import records as reading
from binocle.catalog.database import Connection
from binocle.catalog.tables import fulltext, tokenizer
from binocle.types import Int64Array
from search.keyword.collection_spelling import Spelling
from search.keyword.english_words import known_english
from search.keyword.postings import Float32Array, Postings
from search.keyword.query_words import QueryWords, Window, Word

_CACHE_BYTES = 128 * 1024 * 1024
_RELATIVE = 0.9
_UNFINISHED = 0.6
_MISSPELT = {1: 0.6, 2: 0.4}
_SURE_OF_MISSPELT = {1: 0.85, 2: 0.7}  # that it is what was meant by what is no English word
_LESS_SURE = 0.2  # for short words
_APART = 0.4
_SHORT = 5  # letters; a correction of so short a word is often another word
_LEAST_BEGINNING = 2
_LEAST_NUMBER = 3  # digits of a number that may go on: the 15 of "iphone 15" is no 15W
_FEW = 10_000  # ids that are faster sorted than marked
_RARELY = 20_000  # a word in one of so many records, or in two of twice as many, may be misspelt
_MOST_MISSPELT = 8  # of a query's words are corrected


@dataclass(frozen=True, slots=True)
class WordMatches:
    """The records that have one word of a query in some way.

    Attributes:
        place: Of the word in the query.
        record_ids: ``(n,)`` int64 ascending, each once.
        worths: ``(n,)`` float32, what the word is worth there.
        strict_ids: Records that have it as it was typed, or joined or cut elsewhere.
        frequency: How many records have it: as it was typed, if any.
        sureness: ``(n,)`` float32 how sure it is that the record has what was meant, 0 to 1; None
            where all have just that.
        typed_frequency: How many records have it as it was typed, which may be none.
        is_code: It is like a model number, or part of one.
        is_of_number: It stands in one piece with digits, as the ``wh`` of ``WH-1000XM4``.
        is_brand: Most records have it as their brand.
        ways: What was found for it, and what that counts.
        labels: How each way is written.
    """

    place: int
    record_ids: Int64Array
    worths: Float32Array
    strict_ids: Int64Array
    frequency: int
    sureness: Float32Array | None
    typed_frequency: int
    is_code: bool
    is_of_number: bool
    is_brand: bool
    ways: tuple[tuple[Postings, float], ...]
    labels: tuple[str, ...]

    def shown(self, record_id: int) -> str | None:
        """Return how the word stands in a record; None where it does not."""
        wanted = np.array([record_id], np.int64)
        for (matches, _), label in zip(self.ways, self.labels, strict=True):
            if matches.find(wanted)[0] >= 0:
                return label
        return None


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to write a word: what was found, what it counts, how strict and how sure it is."""

    matches: Postings
    weight: float
    label: str
    is_strict: bool
    is_code: bool = False
    sureness: float = 1.0  # that it is what was meant
    names_count: bool = True  # as strictly as what is said elsewhere

    @property
    def strict_ids(self) -> Int64Array:
        """Return the records that have it as it was typed; none where it is written otherwise."""
        if not self.is_strict:
            return np.empty(0, np.int64)
        return self.matches.record_ids if self.names_count else self.matches.said_ids


class WordMatcher:
    """Finds the records with words, as of one change of a collection. Thread-safe."""

    def __init__(self, state: str = "", records: int = 0, spelling: Spelling | None = None) -> None:
        """Set up.

        Args:
            state: Of the words that what is kept belongs to, see ``catalog.words``.
            records: How many records there are.
            spelling: The vocabulary, which outlives changes.
        """
        self.records = records
        self._state = state
        self._spelling = spelling or Spelling()
        self._lock = threading.Lock()
        self._kept: LRUCache[tuple[object, ...], Postings] = LRUCache(
            _CACHE_BYTES, getsizeof=lambda matches: matches.size_bytes
        )

    def at(self, connection: Connection) -> "WordMatcher":
        """Return this one if it belongs to the connection's state, else a fresh one."""
        state = fulltext.state(connection)
        if state == self._state:
            return self
        return WordMatcher(state, reading.count_records(connection), self._spelling)

    def match(self, connection: Connection, wording: QueryWords) -> list[WordMatches]:
        """Return the records with each word, in the query's order; all are optional.

        A number among other words that a record has in its file name or id only, as ``255.jpg``
        has, is seldom what was meant: it counts, but not strictly.
        """
        windows = self._windows(connection, wording)
        numbers = {word.run for word in wording.words if _is_code(word)}
        done: dict[tuple[str, bool, bool], WordMatches] = {}
        found = []
        for place, word in enumerate(wording.words):
            key = (word.token, word.is_beginning, word.may_go_on)
            if key in done:
                continue
            ways = [way for window, way in windows if window.first <= place < window.end]
            is_number = word.token.isdigit() and len(wording.words) > 1
            done[key] = self._word(connection, place, word, ways, names_count=not is_number)
            done[key] = replace(done[key], is_of_number=word.run in numbers)
            found.append(done[key])
        return found if any(len(one.record_ids) for one in found) else []

    def required(self, connection: Connection, wording: QueryWords) -> list[Int64Array]:
        """Return the records with each quoted phrase."""
        return [self._phrases(connection, [one]).record_ids for one in wording.required]

    def excluded(self, connection: Connection, wording: QueryWords) -> list[Int64Array]:
        """Return the records with each excluded phrase."""
        return [self._phrases(connection, [one]).record_ids for one in wording.excluded]

    def whole(self, connection: Connection, wording: QueryWords) -> tuple[Int64Array, Int64Array]:
        """Return the records with all that was typed in one piece, and those that say just that.

        Both internal ids, ascending; nothing for a single word.
        """
        if len(wording.whole) < 2:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        rows = fulltext.rows_with(connection, [wording.whole])
        groups = rows >> fulltext.GROUP_SHIFT & (fulltext.GROUPS - 1)
        is_text = (groups == fulltext.TITLE) | (groups == fulltext.CAPTION)
        is_all = is_text & ((rows & fulltext.LENGTH_MASK) == len(wording.whole))
        owners = rows >> fulltext.RECORD_SHIFT
        return np.unique(owners), np.unique(owners[is_all])

    def _word(
        self,
        connection: Connection,
        place: int,
        word: Word,
        ways: list[_Way],
        *,
        names_count: bool,
    ) -> WordMatches:
        own = self._phrases(connection, [(word.token,)])
        typed = not word.is_beginning
        if typed:
            itself = _Way(own, 1.0, word.token, is_strict=True, names_count=names_count)
            ways = [itself, *ways]
            ways += self._relatives(connection, word)
        least = _LEAST_NUMBER if word.token.isdigit() else _LEAST_BEGINNING
        if word.is_beginning or (word.may_go_on and len(word.token) >= least):
            weight = _UNFINISHED if typed else 1.0
            longer = self._beginning(connection, word.token)
            sure = _sureness(weight, word.token) if typed else 1.0
            ways.append(_Way(longer, weight, word.token, is_strict=False, sureness=sure))
        known = sum(len(way.matches.record_ids) for way in ways)
        if typed and place < _MOST_MISSPELT and known <= min(2, self.records // _RARELY):
            ways += self._nearly(connection, word)
        found = [way for way in ways if len(way.matches.record_ids)]
        return _joined(place, found, typed=typed, is_code=_is_code(word))

    def _relatives(self, connection: Connection, word: Word) -> list[_Way]:
        if word.paired or not word.token.isalpha():
            return []
        found = fulltext.relatives(connection, tokenizer.stem(word.token))
        return [
            _Way(
                self._phrases(connection, [(one,)]),
                _RELATIVE,
                one,
                is_strict=False,
                sureness=_RELATIVE,
            )
            for one in found
            if one != word.token
        ]

    def _nearly(self, connection: Connection, word: Word) -> list[_Way]:
        """Return what an unknown word may mean: two words written as one, or a misspelling."""
        token = word.token
        if word.paired:
            return self._apart(connection, word)
        if not token.isalpha():
            return []
        cuts = [(token[:at], token[at:]) for at in range(3, len(token) - 2)]
        known = fulltext.known(connection, [half for cut in cuts for half in cut])
        cuts = [cut for cut in cuts if known.issuperset(cut)]
        ways = [
            _Way(self._phrases(connection, [cut]), 1.0, " ".join(cut), is_strict=True)
            for cut in cuts
        ]
        if any(len(way.matches.record_ids) for way in ways):
            return ways
        near_by = self._spelling.near(connection, token)
        is_english = bool(near_by) and bool(known_english([token]))
        return [
            _Way(
                self._phrases(connection, [(near,)]),
                _MISSPELT[distance],
                near,
                is_strict=False,
                sureness=(
                    _sureness(_MISSPELT[distance], token)
                    if is_english
                    else _SURE_OF_MISSPELT[distance] - _LESS_SURE * (len(token) < _SHORT)
                ),
            )
            for distance, several in near_by.items()
            for near in several
        ]

    def _apart(self, connection: Connection, word: Word) -> list[_Way]:
        """Return where both characters of an unknown pair stand: 红裙 is a 红色连衣裙.

        Of a run's last pair the last character counts alone where both are nowhere: what is
        looked for stands at the end, such as the shoe of 红色鞋.
        """
        if len(set(word.token)) != 2:
            return []
        first, second = (self._beginning(connection, one) for one in word.token)
        both = first.both(second)
        if not len(both.record_ids) and word.ends_run:
            return [_Way(second, _APART, word.token[1], is_strict=False, sureness=_APART)]
        return [_Way(both, _APART, word.token, is_strict=False, sureness=_APART)]

    def _windows(self, connection: Connection, wording: QueryWords) -> list[tuple[Window, _Way]]:
        """Return what is found of the other ways to write neighbouring words."""
        plain = [one.phrases[0][0] for one in wording.windows if one.phrases[0][0].isalpha()]
        known = fulltext.known(connection, plain) if plain else set()
        found = []
        for window in wording.windows:
            if len(window.phrases) == 1 and len(window.phrases[0]) == 1:
                joined = window.phrases[0][0]
                if joined.isalpha() and joined not in known:
                    continue
            matches = self._phrases(connection, window.phrases)
            if len(matches.record_ids):
                inside = wording.words[window.first : window.end]
                label = " ".join(word.token for word in inside)
                code = any(word.has_digits for word in inside)
                found.append((window, _Way(matches, 1.0, label, is_strict=True, is_code=code)))
        return found

    def _phrases(self, connection: Connection, phrases: Sequence[tuple[str, ...]]) -> Postings:
        key = tuple(phrases)
        return self._keep(key, lambda: fulltext.rows_with(connection, phrases))

    def _beginning(self, connection: Connection, token: str) -> Postings:
        return self._keep((token, "*"), lambda: fulltext.rows_with_beginning(connection, token))

    def _keep(self, key: tuple[object, ...], read: Callable[[], Int64Array]) -> Postings:
        """Return what is kept under a key, reading it where it is not there yet."""
        with self._lock:
            matches = self._kept.get(key)
        if matches is None:
            matches = Postings.of(read())
            with self._lock, suppress(ValueError):  # larger than all that may be kept
                self._kept[key] = matches
        return matches


def _is_code(word: Word) -> bool:
    """Tell whether a word is like a model number, or part of one."""
    return word.has_digits and len(word.token) > 2


def _sureness(weight: float, token: str) -> float:
    """Return how sure a corrected or unfinished word is what was meant: longer ones are more."""
    return min(_RELATIVE, weight * weight * len(token) / _SHORT)


def _joined(place: int, ways: Sequence[_Way], *, typed: bool, is_code: bool) -> WordMatches:
    """Take the ways to write a word together; of several in a record the best counts."""
    strict = [way for way in ways if way.is_strict]
    strict_ids = _union(way.strict_ids for way in strict)
    if len(ways) == 1 and ways[0].weight == 1.0:
        record_ids, worths = ways[0].matches.record_ids, ways[0].matches.worths
    else:
        record_ids = _union(way.matches.record_ids for way in ways)
        worths = np.zeros(len(record_ids), np.float32)
        for way in ways:
            places = np.searchsorted(record_ids, way.matches.record_ids)
            worth = np.float32(way.weight) * way.matches.worths
            worths[places] = np.maximum(worths[places], worth)
    sureness = None
    if any(way.sureness < 1.0 for way in ways):
        sureness = np.zeros(len(record_ids), np.float32)
        for way in ways:
            places = np.searchsorted(record_ids, way.matches.record_ids)
            sureness[places] = np.maximum(sureness[places], np.float32(way.sureness))
    in_brands = sum(way.matches.in_brands for way in strict)
    return WordMatches(
        place,
        record_ids,
        worths,
        strict_ids,
        len(strict_ids) or len(record_ids),
        sureness,
        len(strict_ids) if typed else len(record_ids),
        is_code=is_code or any(way.is_code for way in strict),
        is_of_number=is_code,
        is_brand=2 * in_brands > len(strict_ids),
        ways=tuple((way.matches, way.weight) for way in ways),
        labels=tuple(way.label for way in ways),
    )


def _union(several: Iterable[Int64Array]) -> Int64Array:
    arrays = [one for one in several if len(one)]
    if len(arrays) < 2:
        return arrays[0] if arrays else np.empty(0, np.int64)
    if sum(map(len, arrays)) < _FEW:
        return np.unique(np.concatenate(arrays))
    there = np.zeros(1 + max(int(one[-1]) for one in arrays), np.bool_)
    for one in arrays:
        there[one] = True
    return np.flatnonzero(there)
