"""Queries kept under a name, so that a later one can refine them.

A dialogue narrows a search over several turns. Each answer names its query; the next query says
what to change in it. What is kept is the query with the vectors of its terms, in a SQLite file
beside the catalogue, so that it survives a restart and several processes share it. It is no
part of the collection: a turn that cannot be kept costs a warning in the log and nothing else.
"""

import base64
import json
import logging
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import MISSING, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from binocle.errors import QueryError, SavedQueryError
from binocle.metadata.filters import And, Comparison, Filter, both
from binocle.types import Float32Array
from search.query.query import (
    MAX_TERMS,
    Facet,
    Group,
    Query,
    Refinement,
    Region,
    Sort,
    Term,
    Weights,
)
from search.query.rewording import with_words_swapped, without_words
from search.query.signing import Signer

_log = logging.getLogger(__name__)
_PURPOSE = "turn"
_FORMAT = 1
_PRUNE_EVERY = 100
TURNS_FILE = "turns.sqlite"
MAX_TURNS = 10_000
MAX_AGE_S = 7 * 24 * 3600.0
_INHERITED = (
    "target", "limit", "exact", "mode", "weights", "sort", "facets", "group", "diversity",
    "collapse", "min_relevance",
)  # fmt: skip
_SCHEMA = """
create table if not exists turns (
  id integer primary key autoincrement,
  name blob not null unique,
  at real not null,
  query text not null
)
"""


class SavedQueries:
    """The kept queries of one collection. Thread-safe; several processes may share the file."""

    def __init__(
        self,
        folder: Path,
        signer: Signer,
        *,
        max_turns: int = MAX_TURNS,
        max_age_s: float = MAX_AGE_S,
    ) -> None:
        """Set up; the file is made when the first query is kept.

        Args:
            folder: The collection's.
            signer: Signs the names, so that one of another collection is told apart.
            max_turns: How many are kept, the newest ones.
            max_age_s: How long.
        """
        self._path = folder / TURNS_FILE
        self._signer = signer
        self._max_turns, self._max_age_s = max_turns, max_age_s
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self._kept = 0

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def keep(self, queries: Sequence[Query]) -> list[str | None]:
        """Keep queries whose terms are all embedded; return a name for each.

        Returns:
            None for each where the file cannot be written.
        """
        if not queries:
            return []
        tokens = [secrets.token_bytes(9) for _ in queries]
        now = time.time()
        rows = [
            (token, now, json.dumps(_packed(query), separators=(",", ":")))
            for token, query in zip(tokens, queries, strict=True)
        ]
        try:
            with self._lock:
                database = self._opened()
                with database:
                    database.executemany(
                        "insert into turns (name, at, query) values (?, ?, ?)", rows
                    )
                    if self._kept % _PRUNE_EVERY < len(rows):
                        self._prune(database, now)
                self._kept += len(rows)
        except (sqlite3.Error, OSError) as error:
            _log.warning("cannot keep queries in %s: %s", self._path, error)
            return [None] * len(rows)
        return [self._signer.sign(_PURPOSE, token) for token in tokens]

    def get(self, turn: str) -> Query:
        """Return a kept query.

        Raises:
            SavedQueryError: It is of another collection, or not kept any more.
        """
        token = self._signer.verified(_PURPOSE, turn)
        if token is None:
            raise SavedQueryError(
                "the turn is damaged, or of another collection; ask again without a refinement"
            )
        oldest = time.time() - self._max_age_s
        row = None
        try:
            if self._path.is_file():
                with self._lock:
                    found = self._opened().execute(
                        "select query from turns where name = ? and at >= ?", (token, oldest)
                    )
                    with closing(found):
                        row = found.fetchone()
        except (sqlite3.Error, OSError) as error:
            raise SavedQueryError(
                f"the turn cannot be read ({error}); ask again without it"
            ) from error
        if row is None:
            raise SavedQueryError(
                f"the turn has expired: the last {self._max_turns:,} of "
                f"{self._max_age_s / 3600:g} hours are kept; ask again without a refinement"
            )
        query = _unpacked(json.loads(row[0]))
        assert isinstance(query, Query)
        return query

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            self._make_private()
            database = sqlite3.connect(self._path, timeout=5.0, check_same_thread=False)
            try:
                database.execute("pragma journal_mode=wal")
                database.execute("pragma synchronous=off")  # a power cut may cost a few turns
                if database.execute("pragma user_version").fetchone()[0] != _FORMAT:
                    database.execute("drop table if exists turns")  # of another version
                    database.execute(f"pragma user_version={_FORMAT}")
                database.execute(_SCHEMA)
            except BaseException:
                database.close()
                raise
            self._database = database
        return self._database

    def _make_private(self) -> None:
        """Make the file, if there is none, for its owner only: queries are private.

        One that is there is left alone: closing it would drop the locks that other connections
        of this process have on it, and SQLite would take it for nobody's.
        """
        with suppress(FileExistsError):
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))

    def _prune(self, database: sqlite3.Connection, now: float) -> None:
        database.execute("delete from turns where at < ?", (now - self._max_age_s,))
        database.execute(
            "delete from turns where id <= (select max(id) from turns) - ?", (self._max_turns,)
        )


def refined(query: Query, earlier: Query) -> Query:
    """Return the query that an earlier one becomes; see ``Refinement``.

    Args:
        query: Has a refinement.
        earlier: What its turn names.

    Raises:
        QueryError: What shall go is not there, or too many terms are left.
    """
    change = query.refine
    assert change is not None
    kept = () if change.replace else _without(earlier.terms, change.remove)
    kept = _without_unwanted(kept, query.terms)
    terms = _swapped(kept, change) + query.terms
    if len(terms) > MAX_TERMS:
        raise QueryError(f"{len(terms)} terms are more than the limit of {MAX_TERMS}")
    inherited: dict[str, Any] = {
        one.name: getattr(earlier, one.name)
        for one in fields(Query)
        if one.name in _INHERITED and getattr(query, one.name) == _default(one)
    }
    where = None if change.drop_filter else _without_bounds(earlier.where, change.bounds)
    where = both(where, query.where)
    return replace(query, **inherited, terms=terms, where=where, refine=None)


def _without(terms: tuple[Term, ...], remove: Sequence[str]) -> tuple[Term, ...]:
    kept = terms
    for name in {one.strip().casefold(): one.strip() for one in remove}.values():
        fewer = _without_one(kept, name)
        if fewer is None:
            raise QueryError(
                f"the earlier query has no term {name!r} to remove; it has {_named(terms)}"
            )
        kept = fewer
    return kept


def _without_unwanted(terms: tuple[Term, ...], added: Sequence[Term]) -> tuple[Term, ...]:
    """Return terms that do not look for what is to be kept away from now, nor the other way."""
    wanted = tuple(term for term in terms if term.weight > 0)
    for name in (term.text for term in added if term.text is not None and term.weight < 0):
        fewer = _without_one(wanted, name.strip())
        wanted = wanted if fewer is None else fewer
    said = [term.text.strip() for term in added if term.text is not None]
    unwanted = (term for term in terms if term.weight < 0)
    return (*wanted, *(term for term in unwanted if not any(_is_called(term, one) for one in said)))


def _without_bounds(where: Filter | None, bounds: Sequence[Comparison]) -> Filter | None:
    """Return a filter without the comparisons that later ones take the place of."""
    if isinstance(where, And):
        kept = [_without_bounds(clause, bounds) for clause in where.clauses]
        clauses = tuple(clause for clause in kept if clause is not None)
        return And(clauses) if len(clauses) > 1 else next(iter(clauses), None)
    if isinstance(where, Comparison) and any(_goes(where, one) for one in bounds):
        return None
    return where


def _goes(earlier: Comparison, later: Comparison) -> bool:
    sides = {"lt": -1, "lte": -1, "gt": 1, "gte": 1}
    own, other = sides.get(earlier.operator), sides.get(later.operator)
    if earlier.field != later.field or own is None or other is None:
        return False
    limits = earlier.value, later.value
    if own == other or not all(isinstance(one, int | float) for one in limits):
        return own == other
    return float(limits[0]) * own >= float(limits[1]) * own  # type: ignore[arg-type]


def _without_one(terms: tuple[Term, ...], name: str) -> tuple[Term, ...] | None:
    """Return terms without those of a name, else without these words; None where there is none."""
    others = tuple(term for term in terms if not _is_called(term, name))
    if len(others) < len(terms):
        return others
    texts = [_first_of(term, lambda text: without_words(text, name)) for term in terms]
    if not any(text is not None for text in texts):
        return None
    return tuple(
        term if text is None else _with_text(term, text)
        for term, text in zip(terms, texts, strict=True)
        if text is None or text
    )


def _is_called(term: Term, name: str) -> bool:
    """Tell whether a term is a text as it was typed or read, or a record."""
    names = (_label(term), term.corrected.strip() or None)
    return any(one.casefold() == name.casefold() for one in names if one is not None)


def _first_of(term: Term, change: Callable[[str], str | None]) -> str | None:
    """Return a text changed as it was typed, or else as it was read; None where neither can be."""
    for text in (term.text, term.corrected):
        changed = change(text) if text else None
        if changed is not None:
            return changed
    return None


def _named(terms: tuple[Term, ...]) -> str:
    return ", ".join(repr(name) for name in map(_label, terms) if name) or "none with a name"


def _label(term: Term) -> str | None:
    name = term.text if term.text is not None else term.record
    return None if name is None else name.strip()


def _swapped(terms: tuple[Term, ...], change: Refinement) -> tuple[Term, ...]:
    there = _named(terms)
    for old, new in change.swap:
        swapped = _with_swap(terms, old, new)
        if swapped is None:
            raise QueryError(f"the earlier query has no text with {old!r} to swap; it has {there}")
        terms = swapped
    for old, new in change.instead:
        added = (Term(text=new), Term(text=old, weight=-1.0))
        terms = _with_swap(terms, old, new) or (*terms, *added)
    return terms


def _with_swap(terms: tuple[Term, ...], old: str, new: str) -> tuple[Term, ...] | None:
    texts = [_first_of(term, lambda text: with_words_swapped(text, old, new)) for term in terms]
    if not any(texts):
        return None
    return tuple(
        _with_text(term, text) if text else term for term, text in zip(terms, texts, strict=True)
    )


def _with_text(term: Term, text: str) -> Term:
    return Term(text=text, weight=term.weight)  # it has to be embedded anew


def _default(one: Any) -> Any:
    return one.default if one.default is not MISSING else one.default_factory()


_TYPES: dict[str, type] = {
    one.__name__: one
    for one in (Query, Term, Region, Weights, Sort, Facet, Group, *get_args(Filter))
}


def _packed(value: Any) -> Any:
    """Return a query, or a part of one, as JSON; fields at their default are left out."""
    if isinstance(value, np.ndarray):
        return {"f4": base64.b64encode(value.astype("<f4").tobytes()).decode()}
    if isinstance(value, list | tuple):
        return [_packed(one) for one in value]
    if not is_dataclass(value):
        return value
    document: dict[str, Any] = {"type": type(value).__name__}
    for one in fields(value):
        stored = getattr(value, one.name)
        has_default = one.default is not MISSING and stored is one.default
        if not has_default and one.name not in ("cursor", "refine"):
            document[one.name] = _packed(stored)
    return document


def _unpacked(document: Any) -> Any:
    if isinstance(document, list):
        return tuple(_unpacked(one) for one in document)
    if not isinstance(document, dict):
        return document
    if "f4" in document:
        row: Float32Array = np.frombuffer(base64.b64decode(document["f4"]), "<f4")
        return row
    kind = _TYPES[document.pop("type")]
    return kind(**{name: _unpacked(one) for name, one in document.items()})
