"""The vectors of one kind in Milvus: a collection with rows, and marks of what is in it.

Milvus has no transactions. Pushes may be killed anywhere, done again, and done by several at once:
nothing that they write is seen before its mark is, and each writes the same. What is found beyond
the last mark and belongs to no part was left by a push that was killed, and is taken back.
"""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
from pymilvus import MilvusClient

from binocle.errors import StorageError
from binocle.types import Float32Array, Int64Array, Space
from binocle.vectors.base import VectorsGoneError, Watermark
from binocle.vectors.engines.base import Among, EngineAnswer, Push
from binocle.vectors.engines.milvus.marks import Mark, MilvusMarks
from binocle.vectors.engines.milvus.rows import FLAT, LISTS, MOST_FOUND, MOST_IDS, NEVER, MilvusRows
from binocle.vectors.engines.milvus.server import MilvusAddress, MilvusServer

_T = TypeVar("_T")
FLAT_LIMIT = 100_000  # rows; from so many on they are brought into lists
_SWEEP_AFTER_S, _ORPHAN_AFTER_S = 60, 3600
_AT_ONCE = 50_000  # rows that are copied
_MUCH = 5000  # rows of a push that are put in order


class MilvusEngine:
    """Rows in Milvus; see ``VectorEngine``."""

    most_ids = MOST_IDS

    def __init__(
        self,
        address: MilvusAddress,
        name: str,
        kind: str,
        space: Space,
        *,
        flat_limit: int = FLAT_LIMIT,
    ) -> None:
        """Set up; the server is not asked yet.

        Args:
            address: The server's.
            name: What the collection is called there.
            kind: Whose vectors.
            space: Theirs.
            flat_limit: Up to how many rows everything is scanned.
        """
        self._server = MilvusServer(address, f"the {kind} vectors in Milvus ({name!r})")
        self._prefix, self._kind, self._space = f"{name}_{kind}_", kind, space
        self._marks = MilvusMarks(self._server, name)
        self._flat_limit = flat_limit
        self._newest: Mark | None = None
        self._last_ids: dict[int, int] = {}  # of watermarks, by their changes
        self._knowing = threading.Lock()

    @property
    def is_scanned(self) -> bool:
        """Whether there is no index; see ``VectorEngine.is_scanned``."""
        return self._newest is None or self._newest.index == FLAT

    @property
    def description(self) -> str:
        """How it is searched, for a person."""
        return "exact (Milvus FLAT)" if self.is_scanned else "approximate (Milvus IVF_FLAT)"

    def watermark(self) -> Watermark | None:
        """Return that of the last push; see ``VectorEngine.watermark``.

        Raises:
            StorageError: The vectors are of another space.
        """
        mark = self._latest()
        return mark.watermark if mark is not None else None

    def ids(self, change: int) -> Int64Array:
        """Return the ids alive at a change; see ``VectorEngine.ids``."""
        last_id = self._last_id(change)
        return self._asked(lambda mark: self._rows_of(mark).ids(f"died > {change}", last_id))

    def held(self) -> Int64Array:
        """Return the ids of all rows; see ``VectorEngine.held``."""
        mark = self._latest()
        if mark is None:
            return np.empty(0, np.int64)
        beyond = f"id > {mark.last_id}"  # by a push that was killed

        def read(mark: Mark) -> Int64Array:
            rows = self._rows_of(mark)
            return np.concatenate([rows.ids("died > 0", mark.last_id), rows.few_ids(beyond)])

        return np.unique(self._asked(read))

    def rows(self, ids: Int64Array) -> tuple[Int64Array, Float32Array]:
        """Return rows by id; see ``VectorEngine.rows``."""
        return self._asked(lambda mark: self._rows_of(mark).rows(ids))

    def nearest(self, query: Float32Array, k: int, among: Among, *, exact: bool) -> EngineAnswer:
        """Return the nearest rows; see ``VectorEngine.nearest``."""
        last_id = self._last_id(among.change)
        condition = _condition(last_id, among)

        def search(mark: Mark) -> EngineAnswer:
            rows = self._rows_of(mark)
            if rows.index == FLAT or not exact:
                return rows.nearest(query, k, condition, last_id=last_id)
            if among.only is not None:
                return rows.scanned_few(query, among.only, f"died > {among.change}")
            return rows.scanned(query, k, condition, last_id=last_id)

        return self._asked(search)

    def above(self, query: Float32Array, least: float, among: Among) -> EngineAnswer:
        """Return all rows with at least a score; see ``VectorEngine.above``.

        With an index, nearly all of the sixteen thousand nearest: Milvus's own search by score
        stops at the first lists that have none.
        """
        depth = 1024
        while True:
            found = self.nearest(query, depth, among, exact=False)
            if len(found.ids) < depth or found.scores[-1] < least:
                kept = found.scores >= least
                return EngineAnswer(found.ids[kept], found.scores[kept], exact=found.exact)
            depth *= 4 if depth < MOST_FOUND else 16

    def push(self, push: Push) -> None:
        """Take in what is new, and write the mark last; see ``VectorEngine.push``."""
        latest = self._latest(any_space=push.anew)
        if push.anew or latest is None:
            generation = latest.generation + 1 if latest else 1
            rows = self._made(len(push.ids))
            rows.put(push.ids, push.rows, np.full(len(push.ids), NEVER))
        elif latest.change >= push.watermark.change:
            self._note(latest, push.watermark)
            self._sweep()
            return
        else:
            generation, rows = latest.generation, self._rows_of(latest)
            rows = self._brought_up(replace(rows, seen=0), latest, push)
            generation += rows.name != latest.rows
        rows.settle(much=len(push.ids) >= _MUCH)
        mark = push.watermark
        seen = rows.written() or (latest.seen if latest and latest.rows == rows.name else 0)
        written = Mark(
            self._kind, self._space.fingerprint, mark.token or "", rows.name, rows.index,
            mark.token is not None, generation, mark.change, mark.last_id, seen, int(time.time()),
        )  # fmt: skip
        self._marks.write(written)
        self._note(written, mark)
        self._sweep()

    def _brought_up(self, rows: MilvusRows, latest: Mark, push: Push) -> MilvusRows:
        """Write what is new; return the collection that has all of it."""
        change, last_id = push.watermark.change, push.watermark.last_id
        left = rows.few_ids(f"id > {latest.last_id} and id <= {last_id} and died > {change}")
        left = np.setdiff1d(left, push.ids)  # by a push that was killed, and is gone since
        doubted = rows.few_ids(f"died > {latest.change} and died < {NEVER}")
        revived = np.setdiff1d(doubted, push.retired)
        _set_died(rows, revived, np.full(len(revived), NEVER))
        _set_died(rows, left, np.full(len(left), change))
        new = push.ids > latest.last_id
        rows.put(push.ids[new], push.rows[new], np.full(int(new.sum()), NEVER))
        _set_died(rows, push.retired, push.died)
        if rows.index == FLAT:
            alive = f"died > {change}"
            if rows.count(f"{alive} and id <= {last_id}") > self._flat_limit:
                larger = self._made(self._flat_limit + 1)
                rows.copy_to(larger, last_id)
                return larger
        return rows

    def _made(self, count: int) -> MilvusRows:
        index = LISTS if count > self._flat_limit else FLAT
        name = f"{self._prefix}{int(time.time()):x}_{secrets.token_hex(3)}"
        rows = MilvusRows(self._server, name, self._space.dimension, index)
        rows.make()
        return rows

    def _rows_of(self, mark: Mark) -> MilvusRows:
        return MilvusRows(self._server, mark.rows, self._space.dimension, mark.index, mark.seen)

    def _latest(self, *, any_space: bool = False) -> Mark | None:
        marks = self._marks.of(self._kind)
        if not marks:
            return None
        if marks[-1].space != self._space.fingerprint:
            if any_space:
                return marks[-1]
            raise StorageError(f"{self._server.called} are of another space")
        self._note(marks[-1], *(mark.watermark for mark in marks))
        return marks[-1]

    def _note(self, newest: Mark, *watermarks: Watermark) -> None:
        with self._knowing:
            self._newest = newest
            self._last_ids |= {one.change: one.last_id for one in watermarks}

    def _last_id(self, change: int) -> int:
        with self._knowing:
            return self._last_ids[change]

    def _asked(self, ask: Callable[[Mark], _T]) -> _T:
        """Return what rows say: as of any watermark those are asked that the newest mark names.

        Other processes replace these, and remove the ones before when nobody shall need them.
        """
        newest = self._newest
        assert newest is not None
        try:
            return ask(newest)
        except VectorsGoneError:
            latest = self._latest()
            if latest is None or latest.rows == newest.rows:
                raise
            return ask(latest)

    def _sweep(self) -> None:
        """Remove for good what no search sees any more."""
        marks = self._marks.of(self._kind)
        latest = marks[-1]
        settled = [one for one in marks if one.written < time.time() - _SWEEP_AFTER_S]
        if settled:
            oldest = settled[-1]
            past = [one for one in marks if one.key < oldest.key]
            if oldest.rows == latest.rows:
                rows = replace(self._rows_of(latest), seen=0)
                rows.remove(rows.few_ids(f"died <= {oldest.change}"))
            self._marks.remove(past)
            marks = [one for one in marks if one.key >= oldest.key]
        self._drop_orphans({one.rows for one in marks})

    def _drop_orphans(self, named: set[str]) -> None:
        """Remove collections that no mark names: made by pushes that were killed, or replaced."""
        names: list[str] = self._server.run(lambda client: client.list_collections())
        for name in names:
            if name.startswith(self._prefix) and name not in named:
                made = int(name.removeprefix(self._prefix).partition("_")[0], 16)
                if made < time.time() - _ORPHAN_AFTER_S:
                    MilvusRows(self._server, name, self._space.dimension, FLAT).drop()


def discard_vectors(address: MilvusAddress, name: str) -> None:
    """Remove all that a collection has in Milvus.

    Raises:
        StorageError: The server cannot be reached, or refuses.
    """
    server = MilvusServer(address, f"the vectors in Milvus ({name!r})")

    def drop(client: MilvusClient) -> None:
        for one in client.list_collections():
            if one.startswith(f"{name}_"):
                client.drop_collection(one)

    server.run(drop)


def _set_died(rows: MilvusRows, ids: Int64Array, died: Int64Array) -> None:
    """Write with which change some rows died: each is written anew, as a server of 2.3 wants it."""
    order = np.argsort(ids, kind="stable")
    for start in range(0, len(ids), _AT_ONCE):
        some = order[start : start + _AT_ONCE]
        there, found = rows.rows(ids[some])
        rows.put(there, found, died[some][np.searchsorted(ids[some], there)])


def _condition(last_id: int, among: Among) -> str:
    tests = [f"id <= {last_id}", f"died > {among.change}"]
    if among.only is not None:
        tests.append(f"id in {among.only.tolist()}")
    if len(among.without):
        tests.append(f"id not in {among.without.tolist()}")
    return " and ".join(tests)
