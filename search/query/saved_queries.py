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
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from binocle.errors import SavedQueryError
from binocle.metadata.filters import Filter
from binocle.types import Float32Array
from search.query.query import Facet, Group, Query, Region, Sort, Term, Weights
from search.query.signing import Signer

_log = logging.getLogger(__name__)
_PURPOSE = "turn"
_FORMAT = 1
_PRUNE_EVERY = 100
TURNS_FILE = "turns.sqlite"
MAX_TURNS = 10_000
MAX_AGE_S = 7 * 24 * 3600.0
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
