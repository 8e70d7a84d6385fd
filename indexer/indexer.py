"""One run over one source: what changed, into the collection; what vanished, out of it."""

import shlex
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from binocle.batches import batched
from binocle.catalog.base import CatalogWriter
from binocle.catalog.types import Item, SourceRow
from binocle.collection.collection import Collection
from binocle.encoders.base import Encoder
from binocle.errors import NothingIndexedError
from binocle.media.decoder_pool import DecoderPool
from binocle.types import ImageSpec, Limits
from indexer.embedder import ChunkWriter, Embedder, Tally, picture_key, skip_fingerprint
from indexer.media_reader import Preparer
from indexer.sources.base import Candidate, Source
from indexer.sources.folder import FolderSource
from indexer.sources.table import TableSource

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        done: Candidates settled.
        total: Candidates in the source.
        tally: What has been done with them; it goes on changing.
    """

    done: int
    total: int
    tally: Tally


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did.

    Attributes:
        source: The source as the collection knows it.
        tally: The counts.
        seconds: How long it took.
        warnings: What a person should know of the source's metadata, one sentence each.
    """

    source: SourceRow
    tally: Tally
    seconds: float
    warnings: tuple[str, ...] = ()


class Indexer:
    """Brings sources into a collection."""

    def __init__(
        self,
        collection: Collection,
        load_encoder: Callable[[], Encoder],
        *,
        limits: Limits,
        workers: int,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        """Set up.

        Args:
            collection: Where to.
            load_encoder: Called when the first thing has to be embedded, from any thread; a run
                over an unchanged source never calls it.
            limits: What one picture may cost.
            workers: How many pictures are decoded at once.
            on_progress: Told after every candidate, in the caller's thread.
        """
        self._collection = collection
        self._encoder = _Once(lambda: _checked(collection, load_encoder()))
        self._limits = limits
        self._limits_mark = f"{limits.max_pixels}:{limits.max_bytes}"
        self._workers = workers
        self._on_progress = on_progress

    def run(self, source: Source) -> Report:
        """Index one source.

        What is committed stays, whatever happens; running again completes the job.

        Raises:
            SourceError: The source cannot be read as a whole; the collection keeps what it has.
            NothingIndexedError: It holds nothing that could be indexed. What came from it before
                and is not there now is kept: an unmounted disk looks like an empty folder.
            BusyError: Another run is writing to the collection.
            ModelError, SpaceMismatchError: The encoder cannot be had, or does not fit.
            StorageError: The collection cannot be written.
        """
        started = time.monotonic()
        with self._collection.indexing():
            if isinstance(source, TableSource):
                source.declare(self._collection.declared())
            total = source.count()
            row, source = self._registered(source)
            warnings = self._settled(source, row)
            tally = Tally()
            with self._collection.writing() as session:
                run_id = session.sources.start_run(row.id)
            seen = self._bring_in(source, row, run_id, total, tally)
            holds_any = tally.added + tally.updated + tally.unchanged > 0
            if holds_any:
                self._take_out(source, row, seen, tally)
            if holds_any:
                with self._collection.writing() as session:
                    self._absorb(session, row)
                self._give_labels_back()
            with self._collection.writing() as session:
                session.moved_labels.forget_oldest()
                session.history.forget_old_removals()
                session.sources.finish_run(run_id, asdict(tally))
        if not holds_any:
            raise NothingIndexedError(
                self._why_nothing(source, row, tally) + self._what_stays(source, row, seen)
            )
        if tally.added or tally.updated or tally.removed:
            self._collection.save_indices()
        return Report(row, tally, time.monotonic() - started, warnings)

    def _settled(self, source: Source, row: SourceRow) -> tuple[str, ...]:
        """Note which of a table's columns are numbers or dates but for strays; warn of these."""
        readings = source.readings() if isinstance(source, TableSource) else {}
        if not readings:
            return ()
        self._collection.settle(readings, row.id)
        settled, declared = self._collection.conversions(), self._collection.declared()
        return tuple(
            f"{name}: {one.strays:,} of {one.fitting + one.strays:,} values are no {one.type}, "
            f"such as {one.example[:40]!r}; the records keep them, but filters, sorting and counts "
            f"see them as missing (to have the column as it is written: --field {name}:keyword)"
            for name, one in readings.items()
            if one.type and one.strays and name not in declared and settled.get(name) == one.type
        )

    def _registered(self, source: Source) -> tuple[SourceRow, Source]:
        """Enter the source; what lies inside a known folder becomes a partial run of that."""
        with self._collection.writing() as session:
            for known in session.sources.all():
                is_inside = Path(known.uri) in source.path.parents
                if known.kind == "folder" and is_inside and source.kind in ("folder", "file"):
                    within = source.path if source.kind == "folder" else source.path.parent
                    return known, FolderSource(Path(known.uri), within=within)
            row = session.sources.add(source.path.name, str(source.path), source.kind)
        return row, source

    def _bring_in(
        self, source: Source, row: SourceRow, run_id: int, total: int, tally: Tally
    ) -> set[str]:
        """Index what changed; return the keys of all the source has."""
        with self._collection.reading() as session:
            ledger = session.sources.ledger(row.id)
        broken_pictures = _broken_pictures(ledger)
        seen: set[str] = set()
        known = _Once(self._known_images)
        settled = 0

        def changed() -> Iterator[Candidate]:
            nonlocal settled
            for candidate in source.scan(row.name):
                seen.add(candidate.key)
                if self._is_unchanged(candidate, ledger.get(candidate.key)):
                    settled += 1
                    seen.update(broken_pictures.get(candidate.key, ()))
                    was_skipped = ledger[candidate.key].code is not None
                    tally.skipped += was_skipped
                    tally.unchanged += not was_skipped
                    self._on_progress(Progress(settled, total, tally))
                else:
                    yield candidate

        writer = ChunkWriter(self._collection, row.id, run_id, tally)
        embedder: Embedder | None = None
        with DecoderPool(self._workers, self._limits) as decoders:
            preparer = Preparer(
                decoders,
                self._image_spec,
                lambda sha256: sha256 in known.get(),
                look_ahead=2 * self._workers + 128,
            )
            prepared_candidates = preparer.run(changed())
            with closing(writer), closing(prepared_candidates):
                for prepared in prepared_candidates:
                    if embedder is None:
                        embedder = Embedder(
                            self._collection,
                            self._encoder.get(),
                            writer,
                            tally,
                            preparer,
                            known.get(),
                            ledger,
                            self._limits_mark,
                        )
                    embedder.add(prepared)
                    settled += 1
                    seen.update(
                        picture_key(prepared.candidate.key, number)
                        for number in range(sum(one.skip is not None for one in prepared.images))
                    )
                    self._on_progress(Progress(settled, total, tally))
                if embedder is not None:
                    embedder.flush()
        self._on_progress(Progress(total, total, tally))
        return seen

    def _is_unchanged(self, candidate: Candidate, before: Item | None) -> bool:
        if before is None or not before.fingerprint:
            return False
        now = skip_fingerprint(before.code, candidate.fingerprint, self._limits_mark)
        return before.fingerprint == now

    def _gone(
        self, source: Source, row: SourceRow, seen: set[str]
    ) -> tuple[dict[str, Item], list[Item]]:
        """Return the source's ledger, and what of it the source does not contain any more."""
        with self._collection.reading() as session:
            ledger = session.sources.ledger(row.id)
        return ledger, [
            item for key, item in ledger.items() if key not in seen and source.covers(key)
        ]

    def _take_out(self, source: Source, row: SourceRow, seen: set[str], tally: Tally) -> None:
        """Remove what the source does not contain any more."""
        ledger, gone = self._gone(source, row, seen)
        still_there = {item.record_id for key, item in ledger.items() if key in seen}
        for chunk in batched(gone, 2000):
            ids = [one.record_id for one in chunk if one.record_id]
            leaving = [record_id for record_id in ids if record_id not in still_there]
            with self._collection.writing() as session:
                session.moved_labels.set_aside(leaving, source_id=row.id)
                tally.removed += session.records.remove(leaving, source_id=row.id)
                session.sources.remove_items(row.id, [one.key for one in chunk])

    def _absorb(self, session: CatalogWriter, row: SourceRow) -> None:
        """Drop folder sources below this one: their pictures are this one's now."""
        if row.kind != "folder":
            return
        for other in session.sources.all():
            if other.kind == "folder" and Path(row.uri) in Path(other.uri).parents:
                session.moved_labels.set_aside_of_source(other.id)
                session.sources.remove(other.id)

    def _give_labels_back(self) -> None:
        """Give the labels of pictures that were moved or renamed to the records they are now."""
        with self._collection.reading() as session:
            waiting = list(session.moved_labels.waiting_contents())
        for contents in waiting:
            with self._collection.writing() as session:
                session.moved_labels.give_back(contents)

    def _known_images(self) -> set[bytes]:
        with self._collection.reading() as session:
            return session.parts.image_hashes()

    def _image_spec(self) -> ImageSpec:
        return replace(self._encoder.get().image_spec, fingerprint=True)

    def _why_nothing(self, source: Source, row: SourceRow, tally: Tally) -> str:
        if not tally.skipped:
            return f"{_looked_at(source)} holds nothing to index"
        with self._collection.reading() as session:
            first = next(
                item for owner, item in session.sources.skipped_items() if owner.id == row.id
            )
        return (
            f"nothing in {row.uri} could be indexed, {tally.skipped} skipped; the first: "
            f"{first.key}: {first.message} ('binocle skipped' lists all)"
        )

    def _what_stays(self, source: Source, row: SourceRow, seen: set[str]) -> str:
        """Say how many records a source that holds nothing now has left, and what to do."""
        kept = sum(item.record_id is not None for item in self._gone(source, row, seen)[1])
        if not kept:
            return ""
        name = self._collection.path.name
        command = (
            ["index", row.uri] if _looked_at(source) != row.uri else ["remove", "--source", row.uri]
        )
        option = [] if name == "default" else ["-c", name]
        remedy = shlex.join(["binocle", *command, *option])
        records = "record is" if kept == 1 else f"{kept:,} records are"
        return (
            f"; its {records} kept, in case it is only out of reach just now "
            f"(to remove what is gone: {remedy})"
        )


class _Once(Generic[_T]):
    """A value made when first wanted, by whichever thread is first."""

    def __init__(self, make: Callable[[], _T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: list[_T] = []

    def get(self) -> _T:
        """Return the value; raises what making it raised."""
        with self._lock:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]


def _looked_at(source: Source) -> str:
    """Return what a run looks at: the source, or one folder of it."""
    within = source.within if isinstance(source, FolderSource) else None
    return str(within or source.path)


def _checked(collection: Collection, encoder: Encoder) -> Encoder:
    collection.claim_space(encoder.space)
    return encoder


def _broken_pictures(ledger: dict[str, Item]) -> dict[str, list[str]]:
    """Return the ledger keys of broken pictures by the key of their record."""
    found: dict[str, list[str]] = {}
    for key in ledger:
        owner, mark, _ = key.rpartition("#picture-")
        if mark:
            found.setdefault(owner, []).append(key)
    return found
