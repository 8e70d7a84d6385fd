"""What somebody may be about to type, from what the records of a collection say.

Titles and values of keyword fields are held sorted by each of their words and what follows it, so
that those where some word begins as typed are neighbours: two bisections find them, and the most
frequent of them are shown. The table is made when it is first asked for, and anew, beside
further questions, when the collection has changed.
"""

import logging
import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from binocle.catalog import tokenizer
from binocle.collection.collection import Collection
from binocle.errors import BinocleError
from binocle.types import Int64Array
from search.spelling.collection_spelling import Spelling

MAX_TYPED = 100
_MAX_TEXT = 120
_MAX_WORDS = 8  # of a text: from a later one on nobody begins to type
_SUGGESTED = ("keyword", "keywords", "text")  # types of fields
_LOOKED_AT = 256  # of what begins so, the most frequent
_PATIENCE_S = 1.0  # for the first table
SuggestionKind: TypeAlias = Literal["text", "value", "query"]
_ASKED_AT_LEAST = 2  # times, before others are shown a query
_MOST_QUERIES = 10_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What may be meant.

    Attributes:
        text: As it was stored.
        count: How many records say so, or are relevant to it.
        kind: ``text`` of a record, ``value`` of a field, or ``query`` that was asked before.
        name: The text's role, or the field; empty for a query.
    """

    text: str
    count: int
    kind: SuggestionKind
    name: str


@dataclass(frozen=True, slots=True)
class SuggestionTable:
    """What can be suggested, as of one change of a collection.

    Attributes:
        change: Its number.
        said: Each once.
        folded: Of each the text without differences of case, width and accents.
        entries: ``(n,)`` int64, which of them, in the order of what they say from ``starts`` on.
        starts: ``(n,)`` int64, where in the folded text a word begins.
        counts: ``(n,)`` int64, of how many records.
    """

    change: int
    said: tuple[Suggestion, ...]
    folded: tuple[str, ...]
    entries: Int64Array
    starts: Int64Array
    counts: Int64Array

    @classmethod
    def of(cls, change: int, said: list[Suggestion]) -> "SuggestionTable":
        """Make a table."""
        folded = tuple(tokenizer.fold(one.text) for one in said)
        places = [
            (entry, run.start)
            for entry, text in enumerate(folded)
            for run in tokenizer.runs(text)[:_MAX_WORDS]
        ]
        places.sort(key=lambda place: folded[place[0]][place[1] :])
        pairs = np.array(places, np.int64).reshape(-1, 2)
        counts = np.array([one.count for one in said], np.int64)
        entries = np.ascontiguousarray(pairs[:, 0])
        return cls(change, tuple(said), folded, entries, pairs[:, 1], counts[entries])

    def beginning(self, typed: str, limit: int) -> list[Suggestion]:
        """Return what has a word from which on it says what was typed, folded; likeliest first."""
        first = self._place(typed)
        found = slice(first, self._place(f"{typed}\U0010ffff", first))
        counts = self.counts[found]
        chosen = np.argsort(-counts, kind="stable")[:_LOOKED_AT] + first
        best: dict[str, tuple[bool, int, int, Suggestion]] = {}
        for place in chosen.tolist():
            entry, start = int(self.entries[place]), int(self.starts[place])
            one = self.said[entry]
            rank = (start > 0, -one.count, len(one.text), one)
            key = self.folded[entry]
            if key not in best or rank[:3] < best[key][:3]:
                best[key] = rank
        ordered = sorted(best.values(), key=lambda rank: rank[:3])
        return [rank[3] for rank in ordered[:limit]]

    def _place(self, typed: str, low: int = 0) -> int:
        """Return the first entry that does not come before what was typed."""
        high = len(self.entries)
        while low < high:
            middle = (low + high) // 2
            text = self.folded[self.entries[middle]]
            if text[self.starts[middle] :] < typed:
                low = middle + 1
            else:
                high = middle
        return low


class Suggester:
    """Suggests from one collection. Thread-safe.

    Attributes:
        collection: That one.
    """

    def __init__(self, collection: Collection) -> None:
        """Set up; nothing is read yet."""
        self.collection = collection
        self._table: SuggestionTable | None = None
        self._making, self._noting = threading.Lock(), threading.Lock()
        self._spelling = Spelling()
        self._asked: OrderedDict[str, tuple[int, Suggestion]] = OrderedDict()

    def suggest(self, typed: str, limit: int) -> tuple[list[Suggestion], str | None]:
        """Return what may be meant, likeliest first, and what it was read as where that is else.

        Args:
            typed: So far; beyond ``MAX_TYPED`` characters it is ignored.
            limit: How many at most.
        """
        wanted = " ".join(tokenizer.fold(typed[:MAX_TYPED]).split())
        if not wanted:
            return [], None
        table = self._current()
        if table is None:
            return [], None
        found = [*self._asked_before(wanted)[: limit // 2], *table.beginning(wanted, limit)]
        if found:
            return found[:limit], None
        corrected = self._corrected(wanted)
        return (table.beginning(corrected, limit), corrected) if corrected else ([], None)

    def note(self, query: str, relevant: int) -> None:
        """Keep a query that had an answer; it is suggested when it was asked more than once."""
        text = " ".join(query.split())
        key = tokenizer.fold(text)
        if not key or len(text) > MAX_TYPED:
            return
        with self._noting:
            times = self._asked.pop(key, (0,))[0] + 1
            self._asked[key] = times, Suggestion(text, relevant, "query", "")
            if len(self._asked) > _MOST_QUERIES:
                self._asked.popitem(last=False)

    def asked(self, limit: int) -> list[str]:
        """Return queries that had an answer, those asked most often first."""
        with self._noting:
            found = sorted(self._asked.values(), key=lambda one: -one[0])
        return [suggestion.text for _, suggestion in found[:limit]]

    def _asked_before(self, typed: str) -> list[Suggestion]:
        """Return the queries that begin as typed, those asked most often first."""
        with self._noting:
            found = [one for key, one in self._asked.items() if key.startswith(typed)]
        often = [one for one in found if one[0] >= _ASKED_AT_LEAST]
        return [one for _, one in sorted(often, key=lambda pair: -pair[0])]

    def _corrected(self, typed: str) -> str | None:
        """Return what was typed with its words as the collection has them; None for no change."""
        words = typed.split(" ")
        with self.collection.reading() as session:
            known = session.words.known(words)
            read = []
            for word in words:
                near = {} if word in known else self._spelling.near(session, word)
                read.append(next((one for several in near.values() for one in several), word))
        return None if read == words else " ".join(read)

    def _current(self) -> SuggestionTable | None:
        """Return the table there is, having an old one replaced; None while the first is made."""
        with self.collection.reading() as session:
            change = session.history.change()
        known = self._table
        is_old = known is None or known.change != change
        if is_old and self._making.acquire(blocking=False):
            making = threading.Thread(target=self._make_anew, name="suggestions", daemon=True)
            making.start()
            if known is None:
                making.join(_PATIENCE_S)
        return self._table

    def _make_anew(self) -> None:
        try:
            self._table = self._made()
        except BinocleError as error:  # the collection was closed or removed meanwhile
            _log.info("what is suggested stays as it was: %s", error)
        finally:
            self._making.release()

    def _made(self) -> SuggestionTable:
        counts: Counter[tuple[str, Literal["text", "value"], str]] = Counter()
        with self.collection.reading() as session:
            change = session.history.change()
            for role, text, count in session.parts.short_texts(_MAX_TEXT):
                counts[text, "text", role] += count
            types = session.fields.types()
            for field, text, count in session.columns.short_values(_MAX_TEXT):
                if types[field][0] in _SUGGESTED:
                    counts[text, "value", field] += count
        said = [Suggestion(text, count, kind, name) for (text, kind, name), count in counts.items()]
        return SuggestionTable.of(change, said)
