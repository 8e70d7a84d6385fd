"""A collection in the vectors of another model: made beside it, compared, switched to at once.

The catalogue is copied, and all contents are embedded anew meanwhile; what others store while this
runs is embedded at the end, when writers wait for a moment. Then the folder of the copy takes the
place of the collection's. Until then nothing of the collection is touched.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import numpy as np

from binocle.batches import batched
from binocle.catalog.location import (
    SQLITE_FILE,
    address_of,
    catalog_path,
    copy_as_file,
    discard_schema,
    is_in_postgresql,
    newest_change,
    size_bytes,
)
from binocle.catalog.new_vectors import NewVectors, PartContent, contents_of, giving_way
from binocle.collection import lineage
from binocle.collection import workplace as workplaces
from binocle.collection.collection import Collection
from binocle.encoders.base import Encoder
from binocle.errors import BinocleError, SourceError
from binocle.media.decoder_pool import DecoderPool
from binocle.media.kinds import KINDS
from binocle.metadata.markup import without_markup
from binocle.types import Kind, Limits, Picture
from binocle.vectors.location import (
    discard_vectors,
    is_in_engine,
    place_in_engine,
    read_location,
)
from indexer.model_comparison import ModelComparison, compare_models
from indexer.stored_media import StoredMedia

_SAMPLE_PICTURES, _SAMPLE_TEXTS = 16, 64
_BLOCK = 256
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """What it will cost.

    Attributes:
        pictures: Different pictures to embed.
        texts: Different texts to embed.
        seconds: About how long it takes, measured on a few.
        disk_bytes: What it needs on disk until it is done.
        runs_on: Device and precision of the model.
    """

    pictures: int
    texts: int
    seconds: float
    disk_bytes: int
    runs_on: str


@dataclass(slots=True)
class _Lost:
    uris: list[str] = field(default_factory=list)


class Reembedding:
    """One collection on its way to another model; a context that leaves nothing behind."""

    def __init__(
        self, collection: Collection, encoder: Encoder, *, limits: Limits, workers: int
    ) -> None:
        """Set up.

        Args:
            collection: Whose parts are embedded anew.
            encoder: The other model's.
            limits: What one picture may cost.
            workers: How many pictures are decoded at once.
        """
        self._collection, self._encoder = collection, encoder
        self._folder = collection.path
        self._media = StoredMedia(collection.path)
        self._decoders = DecoderPool(workers, limits)
        self._closing = ExitStack()
        place = workplaces.workplace(collection.path.parent, workplaces.REEMBEDDING)
        self._workplace = self._closing.enter_context(place)
        self._vectors = NewVectors(self._workplace / "vectors")
        self._shadow = workplaces.place_for_new(self._workplace, collection.path.name)
        self._lost = _Lost()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._vectors.close()
        self._decoders.close()
        self._closing.close()

    def estimate(self) -> CostEstimate:
        """Embed a few and say what all will cost."""
        contents = contents_of(catalog_path(self._folder))
        seconds = 0.0
        counts = {}
        for kind in KINDS:
            own = [one for one in contents if one.kind == kind]
            counts[kind] = len(own)
            few = own[: _SAMPLE_PICTURES if KINDS.of(kind).is_picture else _SAMPLE_TEXTS]
            if few:
                self._embed(few[:1])  # what the first one waits for is not of all
                started = time.monotonic()
                self._embed(few)
                seconds += (time.monotonic() - started) / len(few) * len(own)
        row_bytes = 4 * self._encoder.space.dimension
        size = size_bytes(self._folder)
        pictures = sum(counts[kind] for kind in KINDS if KINDS.of(kind).is_picture)
        return CostEstimate(
            pictures,
            sum(counts.values()) - pictures,
            seconds,
            2 * size + 3 * row_bytes * sum(counts.values()),
            self._encoder.runs_on,
        )

    def embed(self, on_progress: Callable[[int, int], None] = lambda _done, _total: None) -> None:
        """Embed all contents, and make the collection beside.

        Args:
            on_progress: Told how many contents are embedded, and of how many.

        Raises:
            SourceError: Pictures cannot be read any more.
        """
        contents = contents_of(catalog_path(self._folder))
        missing = self._vectors.lacks(contents)
        done = len(contents) - len(missing)
        for block in batched(missing, _BLOCK):
            self._embed(block)
            done += len(block)
            on_progress(done, len(contents))
        self._refuse_lost()
        self._make_shadow()

    def compare(self, old: Encoder) -> ModelComparison:
        """Ask both models the collection's own queries; see ``compare_models``."""
        with Collection(self._shadow) as shadow:
            return compare_models(self._collection, old, shadow, self._encoder)

    def switch(self) -> None:
        """Let the collection beside take the place of the collection.

        What was stored since ``embed`` is embedded first, at the end while writers wait.

        Raises:
            SourceError: A picture stored meanwhile cannot be read.
            StorageError: It cannot be done; the collection is as it was, or the message says how
                it will be.
        """
        for _ in range(_ROUNDS):
            missing = self._vectors.lacks(contents_of(catalog_path(self._folder)))
            if not missing:
                break
            self._embed(missing)
        with giving_way(catalog_path(self._folder)):
            self._embed(self._vectors.lacks(contents_of(catalog_path(self._folder))))
            self._refuse_lost()
            if self._is_behind():
                self._make_shadow()
            self._note_lineage()
            workplaces.switch(self._workplace, self._folder.name)

    def _embed(self, contents: Sequence[PartContent]) -> None:
        size = self._encoder.batch_size
        texts = [one for one in contents if not KINDS.of(_kind(one)).is_picture]
        for batch in batched(texts, 8 * size):
            rows = self._encoder.encode_texts([without_markup(one.text or "") for one in batch])
            self._vectors.put(batch, rows)
        pictures = [one for one in contents if KINDS.of(_kind(one)).is_picture]
        with ThreadPoolExecutor(self._decoders.workers, "reembed") as threads:
            for batch in batched(pictures, size):
                decoded = list(threads.map(self._decoded, batch))
                usable = [(one, got) for one, got in zip(batch, decoded, strict=True) if got]
                if usable:
                    pixels = np.stack([got.pixels for _, got in usable])
                    rows = self._encoder.encode_images(pixels)
                    self._vectors.put([one for one, _ in usable], rows)

    def _decoded(self, content: PartContent) -> Picture | None:
        try:
            return self._decoders.decode(self._media.read(content.uri), self._encoder.image_spec)
        except (BinocleError, OSError):
            self._lost.uris.append(content.uri)
            return None

    def _refuse_lost(self) -> None:
        if lost := sorted(set(self._lost.uris)):
            raise SourceError(
                f"{len(lost):,} pictures cannot be read any more, such as {lost[0]}, and so not be "
                "embedded; the collection is as it was: put them back, or have 'binocle index' or "
                "'binocle remove' remove them"
            )

    def _make_shadow(self) -> None:
        """Copy the catalogue, give it the new vectors, and make its indices.

        It has its catalogue and its vectors on the servers that the collection has them on.
        """
        if self._shadow.is_dir():
            discard_vectors(self._shadow)
            discard_schema(self._shadow)
            shutil.rmtree(self._shadow)
        self._shadow.mkdir(mode=0o700)
        copy = self._shadow / SQLITE_FILE
        copy_as_file(self._folder, copy)
        self._embed(self._vectors.lacks(contents_of(copy)))
        self._refuse_lost()
        self._vectors.give_to(copy, self._encoder.space)
        if is_in_engine(self._folder):
            place_in_engine(self._shadow, read_location(self._folder).address)
        if is_in_postgresql(self._folder):
            from binocle.catalog.moving import move_catalog

            move_catalog(self._shadow, address_of(self._folder))
        with Collection(self._shadow) as shadow:
            shadow.save_indices()

    def _is_behind(self) -> bool:
        return newest_change(self._folder)[0] + 1 != newest_change(self._shadow)[0]

    def _note_lineage(self) -> None:
        change, token = newest_change(self._shadow)
        if token is not None:
            lineage.note(self._shadow, change, token)


def _kind(content: PartContent) -> Kind:
    return next(kind for kind in KINDS if kind == content.kind)


@contextmanager
def reembedding(
    collection: Collection, encoder: Encoder, *, limits: Limits, workers: int
) -> Iterator[Reembedding]:
    """Give a collection on its way to another model, while no run indexes into it.

    Raises:
        BusyError: A run does.
    """
    with (
        collection.indexing(),
        Reembedding(collection, encoder, limits=limits, workers=workers) as one,
    ):
        yield one
