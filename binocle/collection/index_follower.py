"""Following the catalogue: moments of a collection, each made from the one before.

The catalogue is the truth. Indices and columns live in memory; before a search the change number
is compared, and what is new or gone is caught up in a single read transaction. The moment before
is left as it is, so whoever is searching it is not disturbed, and while one thread catches up the
others search the moment before. A file beside the catalogue saves an index between processes;
its stamp says what it holds, and when that does not agree with the catalogue the file is ignored
and made anew.
"""

import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import numpy as np

from binocle.catalog import column_loading, records
from binocle.catalog.database import Connection, Database
from binocle.collection.snapshot import NO_OWNERS, Owners, Parts, Snapshot
from binocle.errors import StorageError
from binocle.metadata.columns import Columns
from binocle.metadata.filters import Filter
from binocle.types import KINDS, Int64Array, Kind, Space
from binocle.vectors.faiss_store import FaissIndex

_log = logging.getLogger(__name__)
_SAVE_AFTER_ROWS = 5000
_NO_PARTS = Parts(FaissIndex(1), NO_OWNERS)


@dataclass(frozen=True, slots=True)
class _Followed:
    """One kind's index and how far it has followed the catalogue."""

    parts: Parts
    last_part_id: int = 0
    change: int = -1
    unsaved: int = 0
    is_checked: bool = False  # its count was compared with the catalogue's once


@dataclass(frozen=True, slots=True)
class _State:
    """The latest moment, and what the next one is made from."""

    snapshot: Snapshot
    followed: dict[Kind, _Followed] = field(default_factory=dict)

    def serves(self, kinds: Sequence[Kind], space: Space | None) -> bool:
        return space is None or all(kind in self.followed for kind in kinds)


class IndexFollower:
    """Makes moments of one collection. Thread-safe."""

    def __init__(
        self,
        path: Path,
        database: Database,
        space: Callable[[], Space | None],
        *,
        flat_limit: int,
    ) -> None:
        """Set up.

        Args:
            path: The collection's folder.
            database: Its catalogue.
            space: Returns the collection's space.
            flat_limit: As for ``FaissIndex``.
        """
        self._path = path
        self._database = database
        self._space = space
        self._flat_limit = flat_limit
        self._state: _State | None = None
        self._advancing = threading.Lock()

    def snapshot(self, kinds: Sequence[Kind]) -> Snapshot:
        """Return the collection as of now; while another thread catches up, as it was.

        Args:
            kinds: Whose parts are needed.
        """
        state = self._state
        if state is not None and state.serves(kinds, self._space()):
            with self._database.reading() as connection:
                if records.change(connection) == state.snapshot.change:
                    return state.snapshot
            if not self._advancing.acquire(blocking=False):
                return state.snapshot
        else:
            self._advancing.acquire()
        try:
            known = set(self._state.followed) if self._state else set()
            self._state = state = self._advanced(self._state, kinds)
            for kind, followed in state.followed.items():
                if kind not in known and followed.unsaved >= _SAVE_AFTER_ROWS:
                    self._save(kind)
            return self._state.snapshot
        finally:
            self._advancing.release()

    def save(self) -> None:
        """Write the indices beside the catalogue; a failure is logged and not raised."""
        self.snapshot(KINDS)
        with self._advancing:
            for kind in self._state.followed if self._state else ():
                self._save(kind)

    def few_matching(self, where: Filter) -> Int64Array | None:
        """Return the records that pass a filter, if an index shows that they are few."""
        with self._database.reading() as connection:
            return column_loading.few_matching(connection, where)

    def with_fields(self, columns: Columns, names: Iterable[str]) -> Columns:
        """Return columns with further fields."""
        with self._database.reading() as connection:
            return column_loading.with_fields(connection, columns, names)

    def _advanced(self, state: _State | None, kinds: Sequence[Kind]) -> _State:
        space = self._space()
        followed = dict(state.followed) if state else {}
        if space is not None:
            for kind in kinds:
                if kind not in followed:
                    followed[kind] = self._load(kind, space)
        with self._database.reading() as connection:
            if space is not None:
                for kind, one in followed.items():
                    followed[kind] = self._caught_up(connection, kind, one, space)
            columns = state.snapshot.columns if state else None
            if columns is None:
                columns = column_loading.load_columns(connection)
            else:
                columns = column_loading.caught_up(connection, columns)
            newest_part = records.newest_part(connection)
        columns.alive.setflags(write=False)
        return _State(self._snapshot(followed, columns, newest_part), followed)

    def _snapshot(
        self, followed: dict[Kind, _Followed], columns: Columns, newest_part: int
    ) -> Snapshot:
        parts = {kind: followed[kind].parts if kind in followed else _NO_PARTS for kind in KINDS}
        return Snapshot(parts, columns, self, newest_part)

    def _caught_up(
        self, connection: Connection, kind: Kind, followed: _Followed, space: Space
    ) -> _Followed:
        change = records.change(connection)
        index, owners = followed.parts.index, followed.parts.owners
        if change == followed.change and index.count == len(owners.part_ids):
            return followed
        floor = int(self._database.get_meta(connection, "removals_known_after") or 0)
        if followed.change < floor or followed.change > change:
            followed = self._empty(space)
            index, owners = followed.parts.index, followed.parts.owners
        index = index.copy()  # others search the one there is
        last_part_id, unsaved = followed.last_part_id, followed.unsaved
        news = []
        for new in records.parts_after(connection, kind, last_part_id, space.dimension):
            index.add(new.part_ids, new.rows)
            news.append((new.part_ids, new.record_ids))
            last_part_id = int(new.part_ids[-1])
            unsaved += len(new.part_ids)
        if news:
            owners = Owners(
                np.concatenate([owners.part_ids, *(one[0] for one in news)]),
                np.concatenate([owners.record_ids, *(one[1] for one in news)]),
            )
        removed = records.removed_since(connection, followed.change)
        gone = np.isin(owners.part_ids, removed)
        if gone.any():
            index.remove(owners.part_ids[gone])
            owners = Owners(owners.part_ids[~gone], owners.record_ids[~gone])
            unsaved += int(gone.sum())
        # Counting is a scan, so only what did not start here empty is held against a count.
        expected = len(owners.part_ids)
        if not followed.is_checked:
            expected = records.count_parts(connection)[kind]
        if index.count != expected:
            if followed.change < 0:
                raise StorageError(f"the catalogue of {self._path.name} has parts without vectors")
            _log.warning("the %s index of %s is out of step; rebuilding", kind, self._path.name)
            return self._caught_up(connection, kind, self._empty(space), space)
        return _Followed(Parts(index, owners), last_part_id, change, unsaved, is_checked=True)

    def _empty(self, space: Space) -> _Followed:
        index = FaissIndex(space.dimension, flat_limit=self._flat_limit)
        return _Followed(Parts(index, NO_OWNERS))

    def _load(self, kind: Kind, space: Space) -> _Followed:
        """Return what the saved index gives where it can be trusted, else an empty start."""
        stamp_path, index_path = self._cache_paths(kind)
        try:
            stamp = json.loads(stamp_path.read_text())
            data = index_path.read_bytes()
            if stamp["space"] != space.fingerprint or stamp["sha256"] != _digest(data):
                raise StorageError("its stamp does not fit")
            index = FaissIndex.load(data, space.dimension, flat_limit=self._flat_limit)
            if not isinstance(stamp["change"], int) or not isinstance(stamp["last_part_id"], int):
                raise StorageError("its stamp is damaged")
            with self._database.reading() as connection:
                if stamp["token"] != records.change_token(connection, stamp["change"]):
                    raise StorageError("it belongs to another history of the catalogue")
            return self._with_owners(kind, index, stamp["last_part_id"], stamp["change"])
        except FileNotFoundError:
            return self._empty(space)
        except (OSError, ValueError, KeyError, TypeError, StorageError) as error:
            _log.warning(
                "ignoring the saved %s index of %s and making it anew: %s",
                kind, self._path.name, error,
            )  # fmt: skip
            # as if much were new, so that it is replaced
            return replace(self._empty(space), unsaved=_SAVE_AFTER_ROWS)

    def _with_owners(
        self, kind: Kind, index: FaissIndex, last_part_id: int, change: int
    ) -> _Followed:
        """Pair a loaded index with its owners, dropping what has been removed since."""
        with self._database.reading() as connection:
            part_ids, record_ids = records.part_owners(connection, kind, last_part_id)
        stored = index.ids()
        if not np.isin(part_ids, stored).all():
            raise StorageError("it lacks parts of the catalogue")
        index.remove(np.setdiff1d(stored, part_ids))
        return _Followed(Parts(index, Owners(part_ids, record_ids)), last_part_id, change)

    def _save(self, kind: Kind) -> None:
        """Save an index in one segment, and search that from now on; hold the lock."""
        state, space = self._state, self._space()
        if state is None or space is None or not state.followed[kind].unsaved:
            return
        followed = state.followed[kind]
        index = followed.parts.index.copy()
        stamp_path, index_path = self._cache_paths(kind)
        with self._database.reading() as connection:
            token = records.change_token(connection, followed.change)
        try:
            data = index.dump()
            stamp = {
                "token": token,
                "space": space.fingerprint,
                "change": followed.change,
                "last_part_id": followed.last_part_id,
                "sha256": _digest(data),
            }
            stamp_path.unlink(missing_ok=True)  # between the two writes there is no valid cache
            _write_atomically(index_path, data)
            _write_atomically(stamp_path, json.dumps(stamp).encode())
        except OSError as error:
            _log.warning("could not save the %s index of %s: %s", kind, self._path.name, error)
            return
        saved = replace(followed, parts=Parts(index, followed.parts.owners), unsaved=0)
        kinds = {**state.followed, kind: saved}
        snapshot = self._snapshot(kinds, state.snapshot.columns, state.snapshot.newest_part)
        self._state = _State(snapshot, kinds)

    def _cache_paths(self, kind: Kind) -> tuple[Path, Path]:
        return self._path / f"{kind}.stamp.json", self._path / f"{kind}.faiss"


def _digest(data: bytes | memoryview) -> str:
    return hashlib.sha256(data).hexdigest()


def _write_atomically(path: Path, data: bytes | memoryview) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(cast(bytes, data))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
