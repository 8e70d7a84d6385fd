"""A collection: the catalogue and its indices as one thing."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from binocle.catalog.base import Catalog, CatalogReader, CatalogWriter
from binocle.catalog.location import catalog_path, open_catalog
from binocle.collection import lineage
from binocle.collection.fingerprint_follower import FingerprintFollower
from binocle.collection.index_follower import IndexFollower
from binocle.collection.indexing_lock import indexing_lock
from binocle.collection.making import make_place
from binocle.collection.snapshot import Ranking, Snapshot
from binocle.collection.vector_damage import check_sample
from binocle.errors import NotFoundError, SpaceMismatchError
from binocle.files import identity, remove_abandoned
from binocle.media.kinds import KINDS
from binocle.metadata.field_types import FieldInfo, FieldType, check_schema
from binocle.metadata.filters import Filter
from binocle.types import Float32Array, Kind, NewRecord, Record, Space
from binocle.vectors import location
from binocle.vectors.base import OpenStore
from binocle.vectors.tuned_search import TunedSearch

__all__ = ["Collection", "Ranking", "Snapshot", "check_space"]


class Collection:
    """Records, their parts, one embedding space, and the indices. Thread-safe.

    A collection is a folder; several processes may have it open, and write to it.

    Attributes:
        path: The folder.
        saved_queries: Queries kept under a name.
        fingerprint_follower: What makes stored pictures known again, in memory.
    """

    def __init__(
        self,
        path: Path,
        *,
        create: bool = False,
        open_store: OpenStore = location.open_store,
        open_catalog: Callable[[Path], Catalog] = open_catalog,
        new_catalog: str | None = None,
        new_vectors: str | None = None,
    ) -> None:
        """Open a collection.

        Args:
            path: Its folder.
            create: Make it where there is none.
            open_store: Opens the vectors of each kind of parts.
            open_catalog: Opens the catalogue that a file is, or names.
            new_catalog: Where a collection that is made has its catalogue, an address of
                PostgreSQL; None for an SQLite file.
            new_vectors: Where it searches its vectors, an engine's address; None for FAISS.

        Raises:
            NotFoundError: There is none.
            UsageError: The address cannot be used.
            StorageError: The catalogue cannot be opened, or is not that of the files beside it.
        """
        self.path = path
        self._catalog_path = catalog_path(path)
        lineage.check_present(self._catalog_path)
        if not self._catalog_path.is_file():
            if not create:
                raise NotFoundError(f"there is no collection at {path}; 'binocle index' makes one")
            self._catalog_path = make_place(path, new_catalog, new_vectors)
        self._catalog = open_catalog(self._catalog_path)
        self._identity = identity(self._catalog_path)
        try:
            with self.reading() as session:
                lineage.check_newest(path, session)
            check_sample(path, self._catalog)
        except BaseException:
            self._catalog.close()
            raise
        self.saved_queries = self._catalog.saved_queries
        self.fingerprint_follower = FingerprintFollower(self.reading, path)
        self._space: Space | None = None
        self._described: tuple[int, list[FieldInfo]] = (-1, [])  # as of a change
        self._index_follower = IndexFollower(path, self._catalog, lambda: self.space, open_store)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self, *, wait: bool = True) -> None:
        """Close the catalogue's connections.

        Args:
            wait: Until indices that are being made are saved; else they are given up.
        """
        if wait:
            self._index_follower.finish()
        self._catalog.close()

    def exists(self) -> bool:
        """Tell whether the catalogue is still where it was opened, and the same file."""
        return identity(self._catalog_path) == self._identity

    def size_bytes(self) -> int:
        """Return how much the collection takes on disk, uploads and thumbnails included."""
        return sum(path.stat().st_size for path in self.path.rglob("*") if path.is_file())

    def reading(self) -> AbstractContextManager[CatalogReader]:
        """Give a session that sees one state of the catalogue."""
        return self._catalog.reading()

    @contextmanager
    def writing(self) -> Iterator[CatalogWriter]:
        """Give a session that is one transaction."""
        with self._catalog.writing() as session:
            before = session.history.change()
            yield session
            change = session.history.change()
            token = session.history.token(change)
        if change != before:
            lineage.note(self.path, change, token)

    def indexing(self) -> AbstractContextManager[None]:
        """Hold the lock of indexing runs; see ``indexing_lock``."""
        return indexing_lock(self.path)

    @property
    def space(self) -> Space | None:
        """The space of the vectors; None before the first ones. Once there, it stays."""
        if self._space is None:
            with self.reading() as session:
                self._space = session.space()
        return self._space

    def claim_space(self, space: Space) -> None:
        """Make this the collection's space, or check that it is.

        Raises:
            SpaceMismatchError: The collection's vectors are of another space.
        """
        if self.space is None:
            with self.writing() as session:
                if session.space() is None:
                    session.set_space(space)
        assert self.space is not None
        check_space(self.space, space, self.path.name)

    def upsert(self, records: Sequence[NewRecord]) -> None:
        """Store records, replacing those of the same id, in one transaction.

        Raises:
            StorageError: Nothing was stored.
        """
        with self.writing() as session:
            session.records.upsert(records)

    def remove(self, ids: Sequence[str]) -> int:
        """Remove records; return how many there were."""
        with self.writing() as session:
            return session.records.remove(ids)

    def snapshot(
        self,
        kinds: Sequence[Kind] = KINDS,
        *,
        where: Filter | None = None,
        fields: Iterable[str] = (),
    ) -> Snapshot:
        """Return the collection as of now, for all the steps and pages of a query.

        It sees what this and other processes have committed, unless another thread is just
        catching up: then it is the moment before.

        Args:
            kinds: Whose parts will be searched; an index that is not needed is not loaded.
            where: A filter whose mask will be asked for.
            fields: What facets, sort orders and groups will be asked for.
        """
        snapshot = self._index_follower.snapshot(kinds)
        if where is not None:
            snapshot.mask(where)
        snapshot.load(fields)
        return snapshot

    def declare(self, types: Mapping[str, str | None]) -> None:
        """Set the types of metadata fields, for records there are and those to come.

        A type is one of ``fields.FIELD_TYPES``; None leaves a field to inference again. Metadata
        is given back as it came; filters, facets and sort orders see it converted, and what
        cannot be converted as missing.

        Raises:
            UsageError: A type is unknown.
        """
        checked: dict[str, FieldType | None] = {}
        for name, kind in types.items():
            checked[name] = check_schema({name: kind})[name] if kind is not None else None
        with self.writing() as session:
            session.fields.declare(checked)

    def schema(self) -> dict[str, FieldType]:
        """Return the types of all fields, declared or inferred, by name."""
        with self.reading() as session:
            return {name: kind for name, (kind, _) in session.fields.types().items()}

    def declared(self) -> dict[str, FieldType]:
        """Return the types of the fields that were declared, by name."""
        with self.reading() as session:
            return session.fields.declared()

    def fields(self) -> list[FieldInfo]:
        """Return what is known of each metadata field, in order of name."""
        with self.reading() as session:
            if (change := session.history.change()) != self._described[0]:
                self._described = change, session.fields.describe()
            return list(self._described[1])

    def record(self, record_id: str) -> Record:
        """Return a record with its parts.

        Raises:
            NotFoundError: There is none of this id.
        """
        with self.reading() as session:
            number = self._number_of(session, record_id)
            bare = session.records.by_number([number])[number]
            parts = session.parts.of_records([number]).get(number, ())
        return Record(bare.id, bare.uri, bare.metadata, parts)

    def vectors_of(self, record_id: str) -> tuple[int, dict[Kind, list[Float32Array]]]:
        """Return a record's internal id and its vectors by kind.

        Raises:
            NotFoundError: There is none of this id.
        """
        with self.reading() as session:
            number = self._number_of(session, record_id)
            return number, session.parts.vectors_of_record(number)

    def save_indices(self, *, every_change: bool = False) -> None:
        """Write the indices beside the catalogue, for the next process to start from.

        They can be rebuilt, so a failure is logged. What a killed process has left half written is
        removed an hour later.

        Args:
            every_change: Also where little has changed, so that nothing removed is left in them.
        """
        self._index_follower.save()
        self.fingerprint_follower.save(every_change=every_change)
        remove_abandoned(self.path, deep=False)

    def tune(self, kind: Kind, queries_qd: Float32Array, recall: float) -> TunedSearch | None:
        """Choose how much of an index searches look at; see ``VectorStore.tune``."""
        self.save_indices()
        store = self._index_follower.store(kind)
        return store.tune(queries_qd, recall) if store is not None else None

    def rest(self) -> None:
        """Close the files that nothing uses just now; whoever uses it next opens them again."""
        self._catalog.rest()

    def _number_of(self, session: CatalogReader, record_id: str) -> int:
        number = session.records.number_of(record_id)
        if number is None:
            raise NotFoundError(f"the collection {self.path.name!r} has no record {record_id!r}")
        return number


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
