"""What many tests share: pictures, an encoder that counts, a collection with an indexer."""

import io
import sqlite3
import tarfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.media.decoder_pool import DecoderPool
from binocle.types import Limits
from indexer.indexer import Indexer, Report
from indexer.sources.base import Source

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""


def picture_bytes(seed: int, *, size: tuple[int, int] = (96, 64), format: str = "JPEG") -> bytes:
    """Return an encoded picture of blocks of colour, different for every seed."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    image = Image.fromarray(blocks).resize(size, Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    image.save(buffer, format)
    return buffer.getvalue()


def write_photos(folder: Path) -> Path:
    """Write twenty pictures in two folders."""
    for number in range(20):
        path = folder / ("2019" if number % 2 else "2020") / f"{number:02}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture_bytes(number))
    return folder


def tar_of(*members: tuple[str, bytes]) -> bytes:
    """Return a tar of files, by their names."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as written:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            written.addfile(info, io.BytesIO(data))
    return file.getvalue()


class CountingEncoder:
    """The weight-free encoder, counting what it is asked to embed."""

    def __init__(self) -> None:
        self._inner = ColourEncoder()
        self.space = self._inner.space
        self.image_spec = self._inner.image_spec
        self.batch_size = 8
        self.runs_on = "test"
        self.vocabulary = self._inner.vocabulary
        self.can_read = self._inner.can_read
        self.images = 0
        self.texts = 0

    def encode_images(self, pixels_nhwc: Any) -> Any:
        self.images += len(pixels_nhwc)
        return self._inner.encode_images(pixels_nhwc)

    def encode_texts(self, texts: Any) -> Any:
        self.texts += len(texts)
        return self._inner.encode_texts(texts)


_LIMITS = Limits()
_shared: list[DecoderPool] = []


def shared_decoders(workers: int, limits: Limits) -> AbstractContextManager[DecoderPool]:
    """Give decoders that all tests of this process use; those with other limits have their own."""
    if limits != _LIMITS:
        return DecoderPool(workers, limits)
    if not _shared:
        _shared.append(DecoderPool(workers, limits))
    return nullcontext(_shared[0])


SHARED = {"open_decoders": shared_decoders}
"""Click's ``obj`` of commands that are run in this process."""


def close_shared_decoders() -> None:
    while _shared:
        _shared.pop().close()


class Bench:
    """A collection and an indexer that counts."""

    def __init__(self, folder: Path, *, server: str | None = None) -> None:
        self.collection = Collection(folder, create=True, new_catalog=server, new_vectors=server)
        self.encoder = CountingEncoder()

    def index(self, source: Source, limits: Limits | None = None) -> Report:
        return self.indexer(limits=limits or Limits()).run(source)

    def indexer(self, *, limits: Limits = _LIMITS, **options: Any) -> Indexer:
        return Indexer(
            self.collection,
            lambda: self.encoder,
            limits=limits,
            workers=2,
            open_decoders=shared_decoders,
            **options,
        )

    def ids(self) -> list[str]:
        return [row[0] for row in self.rows("select key from records order by key")]

    def skipped(self) -> dict[str, str]:
        """Return why each item was skipped, by its key."""
        return dict(self.rows("select key, message from items where code is not null"))

    def rows(self, query: str) -> list[Any]:
        with sqlite3.connect(self.collection.path / "catalog.sqlite") as database:
            found = database.execute(query).fetchall()
        database.close()
        return found
