"""One run over one source: what changed, into the collection; what vanished, out of it."""

import shlex
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import TypeAlias

from binocle.batches import batched
from binocle.catalog.base import CatalogWriter
from binocle.catalog.types import Item, SourceRow
from binocle.collection.collection import Collection
from binocle.encoders.base import Encoder
from binocle.errors import NothingIndexedError
from binocle.media.decoder_pool import DecoderPool
from binocle.metadata.field_types import Reading
from binocle.types import Limits
from indexer.admission import admitted
from indexer.ledger import ChunkWriter, Ledger
from indexer.media_reader import MediaReader
from indexer.records import NOWHERE, Elsewhere, Embedder, Tally, chunks
from indexer.sources.base import Candidate, Source

OpenDecoders: TypeAlias = Callable[[int, Limits], AbstractContextManager[DecoderPool]]


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
        open_decoders: OpenDecoders = DecoderPool,
        leaves_indices: bool = False,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        """Set up.

        Args:
            collection: Where to.
            load_encoder: Called when the first thing has changed; a run over an unchanged source
                never calls it.
            limits: What one picture may cost.
            workers: How many pictures are decoded at once.
            open_decoders: Gives a run its decoders, from ``workers`` and ``limits``.
            leaves_indices: Whether another process has the indices, and saves them after a run.
            on_progress: Told after every candidate, in the caller's thread.
        """
        self._collection = collection
        self._load_encoder = load_encoder
        self._limits = limits
        self._workers = workers
        self._open_decoders, self._leaves_indices = open_decoders, leaves_indices
        self._on_progress = on_progress

    def run(self, source: Source, elsewhere: Elsewhere = NOWHERE) -> Report:
        """Index one source.

        What is committed stays, whatever happens; running again completes the job.

        Args:
            source: What to bring in.
            elsewhere: What other machines have read and embedded of it already.

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
            readings = source.readings(self._collection.declared)
            total = self._reminded(source).count()
            row, source, run_id = self._registered(source)
            warnings = (*self._settled(readings, row), *source.warnings())
            tally = Tally()
            seen = self._bring_in(source, row, run_id, total, tally, elsewhere)
            holds_any = tally.added + tally.updated + tally.unchanged > 0
            if holds_any:
                self._take_out(source, row, seen, tally)
                with self._collection.writing() as session:
                    self._absorb(session, source, row)
                self._give_labels_back()
            with self._collection.writing() as session:
                session.labels.forget_oldest()
                session.history.forget_old_removals()
                session.sources.finish_run(run_id, asdict(tally))
        if not holds_any:
            raise NothingIndexedError(
                self._why_nothing(source, row, tally) + self._what_stays(source, row, seen)
            )
        if tally.changes and not self._leaves_indices:
            self._collection.save_indices()
        return Report(row, tally, time.monotonic() - started, warnings)

    def _reminded(self, source: Source) -> Source:
        """Tell a source what the collection has of it, where counting would cost otherwise."""
        if not source.is_recalled:
            return source
        with self._collection.reading() as session:
            for row in session.sources.all():
                if (whole := source.within(row.kind, row.uri)) is not None:
                    return whole
                if (row.kind, row.uri) == (source.kind, source.uri):
                    ledger = Ledger(row.id, session.sources.ledger(row.id), self._limits, Tally())
                    source.remember(ledger.knows, ledger.below)
        return source

    def _settled(self, readings: Mapping[str, Reading], row: SourceRow) -> tuple[str, ...]:
        """Note which of a table's columns are numbers or dates but for strays; warn of these."""
        if not readings:
            return ()
        with self._collection.writing() as session:
            session.fields.settle(readings, row.id)
            settled, declared = session.fields.conversions(), session.fields.declared()
        doubtful = (
            f"{name}: beside decimal commas {one.example[:40]!r} may be a little more than "
            f"{one.example.partition(',')[0]}, or thousands, so the column is text; write it "
            f"without a comma, or have it read as thousands: --field {name}:number"
            for name, one in readings.items()
            if one.type is None and one.example and name not in declared
        )
        strays = (
            f"{name}: {one.strays:,} of {one.fitting + one.strays:,} values are no {one.type}, "
            f"such as {one.example[:40]!r}; the records keep them, but filters, sorting and counts "
            f"see them as missing (to have the column as it is written: --field {name}:keyword)"
            for name, one in readings.items()
            if one.type and one.strays and name not in declared and settled.get(name) == one.type
        )
        return (*doubtful, *strays)

    def _registered(self, source: Source) -> tuple[SourceRow, Source, int]:
        """Enter the source and its run; what lies inside a known one is a run over a part of it."""
        with self._collection.writing() as session:
            row = None
            for known in session.sources.all():
                whole = source.within(known.kind, known.uri)
                if whole is not None:
                    row, source = known, whole
                    break
            if row is None:
                row = session.sources.add(source.path.name, source.uri, source.kind)
            return row, source, session.sources.start_run(row.id)

    def _bring_in(
        self, source: Source, row: SourceRow, run_id: int, total: int, tally: Tally,
        elsewhere: Elsewhere,
    ) -> set[str]:  # fmt: skip
        """Store what changed; return the keys of all the source has."""
        with self._collection.reading() as session:
            ledger = Ledger(row.id, session.sources.ledger(row.id), self._limits, tally)
            ledger.is_followed = source.is_followed
        source.remember(ledger.knows, ledger.below)
        done = 0

        def advance() -> None:
            nonlocal done
            done += 1
            self._on_progress(Progress(done, max(total, done), tally))

        def changed() -> Iterator[Candidate]:
            for candidate in map(admitted, source.scan(row.name)):
                if ledger.settles(candidate):
                    advance()
                else:
                    yield candidate

        candidates = changed()
        first = next(candidates, None)
        if first is not None:
            writer = ChunkWriter(self._collection, ledger, run_id, tally)
            with closing(writer):
                self._store(chain([first], candidates), writer, advance, tally, elsewhere)
        self._on_progress(Progress(total, total, tally))
        return ledger.seen

    def _store(
        self, candidates: Iterable[Candidate], writer: ChunkWriter, advance: Callable[[], None],
        tally: Tally, elsewhere: Elsewhere,
    ) -> None:  # fmt: skip
        encoder = self._load_encoder()
        self._collection.claim_space(encoder.space)
        with self._collection.reading() as session:
            known = session.parts.image_hashes()
        spec = replace(encoder.image_spec, fingerprint=True)
        with self._open_decoders(self._workers, self._limits) as decoders:
            reader = MediaReader(
                decoders, spec, is_known=known.__contains__, read_before=elsewhere.read_before
            )
            embedder = Embedder(self._collection, encoder, reader, tally, elsewhere=elsewhere)
            with closing(reader.run(candidates)) as prepared:
                for chunk in chunks(prepared, batch_size=lambda: encoder.batch_size, known=known):
                    writer.put(embedder.embed(chunk))
                    for _ in chunk:
                        advance()

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
                session.labels.set_aside(leaving, source_id=row.id)
                tally.removed += session.records.remove(leaving, source_id=row.id)
                session.sources.remove_items(row.id, [one.key for one in chunk])

    def _absorb(self, session: CatalogWriter, source: Source, row: SourceRow) -> None:
        """Drop the known sources that are part of this one now: their pictures are this one's."""
        for other in session.sources.all():
            if other.id != row.id and source.absorbs(other.kind, other.uri):
                session.labels.set_aside_of_source(other.id)
                session.sources.remove(other.id)

    def _give_labels_back(self) -> None:
        """Give the labels of pictures that were moved or renamed to the records they are now."""
        with self._collection.reading() as session:
            waiting = list(session.labels.waiting_contents())
        for contents in waiting:
            with self._collection.writing() as session:
                session.labels.give_back(contents)

    def _why_nothing(self, source: Source, row: SourceRow, tally: Tally) -> str:
        if not tally.skipped:
            return f"{source.looked_at} holds nothing to index"
        with self._collection.reading() as session:
            _, first = next(session.sources.skipped_items(row.id))
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
        is_part = str(source.looked_at) != row.uri
        command = ["index", row.uri] if is_part else ["remove", "--source", row.uri]
        option = [] if name == "default" else ["-c", name]
        remedy = shlex.join(["binocle", *command, *option])
        first = "remove the folder, then " if is_part else ""
        records = "record is" if kept == 1 else f"{kept:,} records are"
        return (
            f"; its {records} kept, in case it is only out of reach just now "
            f"(to remove what is gone: {first}{remedy})"
        )
