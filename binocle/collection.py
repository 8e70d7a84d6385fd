"""A collection: the catalogue and its indices as one thing.

The catalogue is the truth. Each kind's index lives in memory and follows the catalogue: before
a search the change number is compared, and what is new or gone is caught up, so an open
collection sees what another process commits with its next search. A file beside the catalogue
saves the index between processes; its stamp says what it holds, and when that does not agree
with the catalogue the file is ignored and made anew.
"""

import hashlib
import json
import logging
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import numpy as np
from filelock import FileLock, Timeout

from binocle.catalog import reading, writing
from binocle.catalog.database import Connection, Database
from binocle.errors import BusyError, NotFoundError, SpaceMismatchError, StorageError
from binocle.filters import Filter
from binocle.moment import Moment
from binocle.types import (
    KINDS,
    BoolArray,
    Float32Array,
    Int64Array,
    Kind,
    NewRecord,
    Part,
    Record,
    Space,
)
from binocle.vectors.faiss_index import FLAT_LIMIT, FaissIndex

_log = logging.getLogger(__name__)
_CATALOG = "catalog.sqlite"
_SAVE_AFTER_ROWS = 5000


@dataclass(frozen=True, slots=True)
class Ranking:
    """Records ranked for one query, nearest first; ties in order of part id.

    Attributes:
        record_ids: ``(n,)`` int64, internal, each once.
        part_ids: ``(n,)`` int64, the best part of each record.
        scores: ``(n,)`` float32 cosines of query and part, -1 to 1.
        exact: Whether an exhaustive scan would give the same.
    """

    record_ids: Int64Array
    part_ids: Int64Array
    scores: Float32Array
    exact: bool


@dataclass(frozen=True, slots=True)
class _Owners:
    """Which record each part of one kind belongs to; replaced as a whole, so always in step."""

    part_ids: Int64Array  # ascending
    record_ids: Int64Array

    def of(self, found: Int64Array) -> Int64Array:
        """Return the record of each part, -1 where it was removed meanwhile."""
        if not len(self.part_ids):
            return np.full(len(found), -1, np.int64)
        places = np.minimum(np.searchsorted(self.part_ids, found), len(self.part_ids) - 1)
        return np.where(self.part_ids[places] == found, self.record_ids[places], -1)


_NO_OWNERS = _Owners(np.empty(0, np.int64), np.empty(0, np.int64))


@dataclass
class _Follower:
    """One kind's index and how far it has followed the catalogue."""

    index: FaissIndex
    owners: "_Owners"
    last_part_id: int = 0
    change: int = 0
    seen_part: int = 0  # parts of any kind up to this id are in, or were removed
    unsaved: int = 0
    is_checked: bool = False  # its count was compared with the catalogue's once


class Collection:
    """Records, their parts, one embedding space, and the indices. Thread-safe.

    A collection is a folder; several processes may have it open, and write to it.
    """

    def __init__(self, path: Path, *, create: bool = False, flat_limit: int = FLAT_LIMIT) -> None:
        """Open a collection.

        Args:
            path: Its folder.
            create: Make it where there is none.
            flat_limit: As for ``FaissIndex``.

        Raises:
            NotFoundError: There is none.
            StorageError: The catalogue cannot be opened.
        """
        self.path = path
        if not (path / _CATALOG).is_file():
            if not create:
                raise NotFoundError(f"there is no collection at {path}; 'binocle index' makes one")
            try:
                path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StorageError(f"cannot make the folder {path} ({error.strerror})") from error
        self._database = Database(path / _CATALOG)
        self._flat_limit = flat_limit
        self._space: Space | None = None
        self._followers: dict[Kind, _Follower] = {}
        self._following: dict[Kind, threading.Lock] = {kind: threading.Lock() for kind in KINDS}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the catalogue's connections."""
        self._database.close()

    def exists(self) -> bool:
        """Tell whether the catalogue is still where it was opened."""
        return (self.path / _CATALOG).is_file()

    def size_bytes(self) -> int:
        """Return how much the collection takes on disk, uploads and thumbnails included."""
        return sum(path.stat().st_size for path in self.path.rglob("*") if path.is_file())

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection for the questions in ``catalog.reading``."""
        with self._database.reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection for the changes in ``catalog.writing``: one transaction."""
        with self._database.writing() as connection:
            yield connection

    @contextmanager
    def indexing(self) -> Iterator[None]:
        """Hold the lock of indexing runs, and of what must not happen during one.

        Raises:
            BusyError: Another run holds it.
        """
        lock = FileLock(self.path / "indexing.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise BusyError(
                f"another run is indexing into the collection {self.path.name!r}; wait until it "
                "ends, or use another one with -c NAME"
            ) from error
        except OSError as error:
            raise StorageError(f"cannot lock {self.path} ({error.strerror})") from error
        try:
            yield
        finally:
            lock.release()

    @property
    def space(self) -> Space | None:
        """The space of the vectors; None before the first ones. Once there, it stays."""
        if self._space is None:
            with self.reading() as connection:
                text = self._database.get_meta(connection, "space")
            self._space = Space(**json.loads(text)) if text else None
        return self._space

    def claim_space(self, space: Space) -> None:
        """Make this the collection's space, or check that it is.

        Raises:
            SpaceMismatchError: The collection's vectors are of another space.
        """
        with self.writing() as connection:
            text = self._database.get_meta(connection, "space")
            if text is None:
                self._database.set_meta(connection, "space", json.dumps(asdict(space)))
                return
        check_space(Space(**json.loads(text)), space, self.path.name)

    def upsert(self, records: Sequence[NewRecord]) -> None:
        """Store records, replacing those of the same id, in one transaction.

        Raises:
            StorageError: Nothing was stored.
        """
        with self.writing() as connection:
            writing.upsert_records(connection, records)

    def remove(self, ids: Sequence[str]) -> int:
        """Remove records; return how many there were."""
        with self.writing() as connection:
            return writing.remove_records(connection, ids)

    def moment(
        self,
        kinds: Sequence[Kind] = KINDS,
        *,
        where: Filter | None = None,
        fields: Iterable[str] = (),
    ) -> Moment:
        """Return the collection as of now, for all the steps and pages of a query.

        Args:
            kinds: Whose parts will be searched; an index that is not needed is not loaded.
            where: A filter whose mask will be asked for.
            fields: What facets, sort orders and groups will be asked for.
        """
        raise NotImplementedError

    def count_parts(self, kind: Kind) -> int:
        """Return the number of parts of a kind that a search now looks at."""
        return len(self._follow(kind).owners.part_ids)

    def record(self, record_id: str) -> Record:
        """Return a record with its parts.

        Raises:
            NotFoundError: There is none of this id.
        """
        with self.reading() as connection:
            number = self._number_of(connection, record_id)
            bare = reading.records_by_id(connection, [number])[number]
            parts = reading.parts_of_record(connection, number)
        return Record(bare.id, bare.uri, bare.metadata, parts)

    def vectors_of(self, record_id: str) -> tuple[int, dict[Kind, list[Float32Array]]]:
        """Return a record's internal id and its vectors by kind.

        Raises:
            NotFoundError: There is none of this id.
        """
        with self.reading() as connection:
            number = self._number_of(connection, record_id)
            return number, reading.vectors_of_record(connection, number)

    def nearest(
        self,
        kind: Kind,
        query: Float32Array,
        k: int,
        *,
        where: Filter | None = None,
        exclude: frozenset[int] = frozenset(),
        up_to_part: int | None = None,
        exact: bool = False,
    ) -> Ranking:
        """Rank records by their part of one kind nearest to a query.

        Never returns fewer than k records while that many match.

        Args:
            kind: Which parts to look at.
            query: ``(d,)`` float32 unit row.
            k: How many records.
            where: Only records that pass.
            exclude: Internal ids of records to leave out.
            up_to_part: Leave out parts with larger ids: what came after a first page.
            exact: Scan everything, whatever the kind of index.
        """
        follower = self._follow(kind)
        owners = follower.owners
        reachable = len(owners.part_ids)
        if not reachable or k < 1:
            empty = np.empty(0, np.int64)
            return Ranking(empty, empty, np.empty(0, np.float32), exact=True)
        allowed = self._allowed(owners, where, up_to_part)
        wanted = k + len(exclude)
        fetch = min(reachable, 2 * wanted)
        while True:
            found = follower.index.search(query, max(1, fetch), allowed=allowed, exact=exact)
            # Owners are published before their parts are searchable, so these know them all.
            records = follower.owners.of(found.part_ids)
            kept = (records >= 0) & ~np.isin(records, list(exclude))
            records, scores, ids = records[kept], found.scores[kept], found.part_ids[kept]
            first = np.sort(np.unique(records, return_index=True)[1])
            if len(first) >= k or fetch >= reachable or len(found.part_ids) < fetch:
                first = first[:k]
                return Ranking(records[first], ids[first], scores[first], found.exact)
            fetch = min(reachable, 4 * fetch)

    def nearest_many(self, kind: Kind, queries_qd: Float32Array, k: int) -> list[Ranking]:
        """Return what ``nearest`` returns for each of several queries without a filter.

        Args:
            kind: Which parts to look at.
            queries_qd: ``(q, d)`` float32 unit rows.
            k: How many records for each.
        """
        follower = self._follow(kind)
        fetch = min(len(follower.owners.part_ids), 2 * k)
        if not fetch:
            return [self.nearest(kind, query, k) for query in queries_qd]
        rankings = []
        for query, found in zip(
            queries_qd, follower.index.search_many(queries_qd, fetch), strict=True
        ):
            records = follower.owners.of(found.part_ids)
            kept = records >= 0
            first = np.sort(np.unique(records[kept], return_index=True)[1])[:k]
            if len(first) < min(k, fetch):  # many parts of few records: look deeper
                rankings.append(self.nearest(kind, query, k))
                continue
            ids, scores = found.part_ids[kept][first], found.scores[kept][first]
            rankings.append(Ranking(records[kept][first], ids, scores, found.exact))
        return rankings

    def fetch(
        self, record_ids: Sequence[int], part_ids: Sequence[int]
    ) -> list[tuple[Record, Part] | None]:
        """Return records with one part each; None where either is gone meanwhile."""
        with self.reading() as connection:
            records = reading.records_by_id(connection, record_ids)
            parts = reading.parts_by_id(connection, part_ids)
        pairs = zip(record_ids, part_ids, strict=True)
        return [
            (records[record], parts[part]) if record in records and part in parts else None
            for record, part in pairs
        ]

    def snapshot(self, kinds: Sequence[Kind]) -> int:
        """Return the largest part id that searches of these kinds can see: for ``up_to_part``."""
        return min(self._follow(kind).seen_part for kind in kinds)

    def index_of(self, kind: Kind) -> FaissIndex:
        """Return a kind's index, caught up with the catalogue."""
        return self._follow(kind).index

    def save_indices(self) -> None:
        """Write the indices beside the catalogue, for the next process to start from.

        They can always be rebuilt, so a failure is logged and not raised.
        """
        for kind in KINDS:
            follower = self._follow(kind)
            with self._following[kind]:
                self._save(kind, follower)

    def _number_of(self, connection: Connection, record_id: str) -> int:
        number = reading.record_by_key(connection, record_id)
        if number is None:
            raise NotFoundError(f"the collection {self.path.name!r} has no record {record_id!r}")
        return number

    def _allowed(
        self, owners: _Owners, where: Filter | None, up_to_part: int | None
    ) -> BoolArray | None:
        """Return which parts may be found, indexed by part id; None for all."""
        part_ids, record_ids = owners.part_ids, owners.record_ids
        if where is None and (up_to_part is None or up_to_part >= part_ids[-1]):
            return None
        kept = np.ones(len(part_ids), np.bool_)
        if up_to_part is not None:
            kept &= part_ids <= up_to_part
        if where is not None:
            with self.reading() as connection:
                matching = reading.matching_records(connection, where)
            highest = int(max(record_ids.max(), matching.max(initial=0)))
            passes = np.zeros(highest + 1, np.bool_)
            passes[matching] = True
            kept &= passes[record_ids]
        allowed = np.zeros(int(part_ids[-1]) + 1, np.bool_)
        allowed[part_ids[kept]] = True
        return allowed

    def _follow(self, kind: Kind) -> _Follower:
        """Return a kind's follower, caught up; while another thread catches up, as it is."""
        lock = self._following[kind]
        follower = self._followers.get(kind)
        if follower is not None:
            with self.reading() as connection:
                if reading.change(connection) == follower.change:
                    return follower
            if not lock.acquire(blocking=False):
                return follower
        else:
            lock.acquire()
        try:
            follower = self._followers.get(kind)
            space = self.space
            if space is None:
                return _Follower(FaissIndex(1), _NO_OWNERS)
            is_first = follower is None
            if follower is None:
                follower = self._load(kind, space)
            self._followers.pop(kind, None)  # if this fails half-way, the next one starts anew
            follower = self._catch_up(kind, follower, space)
            self._followers[kind] = follower
            if is_first and follower.unsaved >= _SAVE_AFTER_ROWS:
                self._save(kind, follower)
            return follower
        finally:
            lock.release()

    def _catch_up(self, kind: Kind, follower: _Follower, space: Space) -> _Follower:
        with self.reading() as connection:
            change = reading.change(connection)
            if change == follower.change and follower.index.count == len(follower.owners.part_ids):
                follower.seen_part = reading.newest_part(connection)
                return follower
            floor = int(self._database.get_meta(connection, "removals_known_after") or 0)
            if follower.change < floor:
                follower = self._empty(space)
            started_empty = follower.change < 0
            for new in reading.parts_after(
                connection, kind, follower.last_part_id, space.dimension
            ):
                known = follower.owners  # owners first: whatever the index returns has one
                follower.owners = _Owners(
                    np.concatenate([known.part_ids, new.part_ids]),
                    np.concatenate([known.record_ids, new.record_ids]),
                )
                follower.index.add(new.part_ids, new.rows)
                follower.last_part_id = int(new.part_ids[-1])
                follower.unsaved += len(new.part_ids)
            removed = reading.removed_since(connection, follower.change)
            known = follower.owners
            gone = np.isin(known.part_ids, removed)
            if gone.any():
                follower.index.remove(known.part_ids[gone])
                follower.owners = _Owners(known.part_ids[~gone], known.record_ids[~gone])
                follower.unsaved += int(gone.sum())
            # Counting is a scan, so only what did not start here empty is held against a count.
            expected = follower.index.count
            if not follower.is_checked:
                expected = reading.count_parts(connection)[kind]
            seen_part = reading.newest_part(connection)
        if follower.index.count != expected:
            if started_empty:
                raise StorageError(f"the catalogue of {self.path.name} has parts without vectors")
            _log.warning("the %s index of %s is out of step; rebuilding", kind, self.path.name)
            return self._catch_up(kind, self._empty(space), space)
        follower.change, follower.seen_part, follower.is_checked = change, seen_part, True
        return follower

    def _empty(self, space: Space) -> _Follower:
        index = FaissIndex(space.dimension, flat_limit=self._flat_limit)
        return _Follower(index, _NO_OWNERS, change=-1)

    def _load(self, kind: Kind, space: Space) -> _Follower:
        """Return a follower from the saved index where it can be trusted, else an empty one."""
        stamp_path, index_path = self._cache_paths(kind)
        try:
            stamp = json.loads(stamp_path.read_text())
            data = index_path.read_bytes()
            if stamp["space"] != space.fingerprint or stamp["sha256"] != _digest(data):
                raise StorageError("its stamp does not fit")
            index = FaissIndex.load(data, space.dimension, flat_limit=self._flat_limit)
            if not isinstance(stamp["change"], int) or not isinstance(stamp["last_part_id"], int):
                raise StorageError("its stamp is damaged")
            with self.reading() as connection:
                if stamp["token"] != reading.change_token(connection, stamp["change"]):
                    raise StorageError("it belongs to another history of the catalogue")
            return self._with_owners(kind, index, stamp["last_part_id"], stamp["change"])
        except FileNotFoundError:
            return self._empty(space)
        except (OSError, ValueError, KeyError, TypeError, StorageError) as error:
            _log.warning(
                "ignoring the saved %s index of %s and making it anew: %s",
                kind, self.path.name, error,
            )  # fmt: skip
            empty = self._empty(space)
            empty.unsaved = _SAVE_AFTER_ROWS  # so that it is replaced
            return empty

    def _with_owners(
        self, kind: Kind, index: FaissIndex, last_part_id: int, change: int
    ) -> _Follower:
        """Pair a loaded index with its owners, dropping what has been removed since."""
        with self.reading() as connection:
            part_ids, record_ids = reading.part_owners(connection, kind, last_part_id)
        stored = index.ids()
        if not np.isin(part_ids, stored).all():
            raise StorageError("it lacks parts of the catalogue")
        index.remove(np.setdiff1d(stored, part_ids))
        return _Follower(index, _Owners(part_ids, record_ids), last_part_id, change)

    def _save(self, kind: Kind, follower: _Follower) -> None:
        space = self.space
        if space is None or not follower.unsaved:
            return
        stamp_path, index_path = self._cache_paths(kind)
        with self.reading() as connection:
            token = reading.change_token(connection, follower.change)
        try:
            data = follower.index.dump()
            stamp = {
                "token": token,
                "space": space.fingerprint,
                "change": follower.change,
                "last_part_id": follower.last_part_id,
                "sha256": _digest(data),
            }
            stamp_path.unlink(missing_ok=True)  # between the two writes there is no valid cache
            _write_atomically(index_path, data)
            _write_atomically(stamp_path, json.dumps(stamp).encode())
            follower.unsaved = 0
        except OSError as error:
            _log.warning("could not save the %s index of %s: %s", kind, self.path.name, error)

    def _cache_paths(self, kind: Kind) -> tuple[Path, Path]:
        return self.path / f"{kind}.stamp.json", self.path / f"{kind}.faiss"


def check_space(stored: Space, other: Space, collection: str) -> None:
    """Refuse vectors of another space than the collection's.

    Raises:
        SpaceMismatchError: The fingerprints differ.
    """
    if stored.fingerprint == other.fingerprint:
        return
    same_name = "another version of it" if stored.name == other.name else repr(other.name)
    raise SpaceMismatchError(
        f"the collection {collection!r} was embedded with the model {stored.name!r}, not with "
        f"{same_name}; vectors of different models cannot be compared: index into another "
        "collection with -c NAME, or leave --model away"
    )


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
