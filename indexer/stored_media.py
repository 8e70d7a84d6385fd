"""The pictures of records as they came, and small, wherever they lie."""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path

from binocle.catalog.types import StoredImage
from binocle.errors import NotFoundError
from binocle.media.decoder_pool import DecoderPool
from binocle.media.thumbnails import thumbnail_format
from indexer.derived_files import DerivedFiles
from indexer.sources.base import Source, gone
from indexer.sources.registry import source_of

DERIVED = ("thumbnails", "originals")
THUMBNAIL_SIDES = (320, 640, 1280)
_MAX_DERIVED_BYTES = 2 * 1024**3
_OPEN_SOURCES = 8


class StoredMedia:
    """Reads pictures of one collection again. Thread-safe."""

    def __init__(self, folder: Path, *, max_derived_bytes: int = _MAX_DERIVED_BYTES) -> None:
        """Set up.

        Args:
            folder: The collection's; what was made of its pictures is kept there.
            max_derived_bytes: How much room that may take.
        """
        self._folder = folder
        self._derived_files = DerivedFiles([folder / one for one in DERIVED], max_derived_bytes)
        self._sources: OrderedDict[tuple[str, Path], Source] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, uri: str) -> bytes:
        """Return the encoded picture of a part.

        Raises:
            NotFoundError: It is not there any more.
        """
        return self._source_of(uri).open(uri)

    def each(self, uris: Sequence[str]) -> Iterator[tuple[str, Path | bytes | NotFoundError]]:
        """Give pictures as they came, each with its uri: its file, where it has one, or its bytes.

        What lies in one archive comes together, in the order that is quickest to read; what is not
        there any more is an error in its place.
        """
        inside: dict[Source, list[str]] = {}
        for uri in uris:
            source = self._source_of(uri)
            path = source.file_of(uri)
            if path is None:
                inside.setdefault(source, []).append(uri)
            else:
                yield uri, path if path.is_file() else gone()
        for source, several in inside.items():
            yield from source.open_each(several)

    def original(self, image: StoredImage) -> Path | bytes:
        """Return a picture as it came: its file, where it has one.

        What lies inside another file is unpacked once, where there is room for it.

        Raises:
            NotFoundError: It is not there any more.
        """
        path = self._source_of(image.uri).file_of(image.uri)
        if path is not None:
            if not path.is_file():
                raise gone()
            return path
        path = self._derived("originals", image.sha256)
        return self._kept(path) or self._keep(path, self.read(image.uri))

    def thumbnail_if_made(self, image: StoredImage, side: int) -> Path | None:
        """Return the file of a thumbnail that was made already; None where it was not."""
        return self._kept(self._thumbnail_file(image, side))

    def thumbnail(
        self, image: StoredImage, side: int, decoders: DecoderPool
    ) -> tuple[Path | bytes, str]:
        """Make a picture's thumbnail: upright, its long side at most ``side`` pixels.

        Args:
            image: Of what.
            side: One of ``THUMBNAIL_SIDES``; there are few, so that few are kept.
            decoders: Make it.

        Returns:
            Its file, or itself where there is no room to keep it; and its average colour.

        Raises:
            NotFoundError: The picture is not there any more.
            PictureError: It cannot be decoded.
        """
        made = decoders.thumbnail(self.read(image.uri), side)
        return self._keep(self._thumbnail_file(image, side), made.data), made.colour

    def _thumbnail_file(self, image: StoredImage, side: int) -> Path:
        ending = {"webp": "webp", "jpeg": "jpg"}[thumbnail_format(side)]
        return self._derived("thumbnails", image.sha256, f"-{side}.{ending}")

    def _kept(self, path: Path) -> Path | None:
        return path if self._derived_files.has(path) else None

    def _keep(self, path: Path, data: bytes) -> Path | bytes:
        return path if self._derived_files.keep(path, data) else data

    def _derived(self, folder: str, sha256: bytes, ending: str = "") -> Path:
        name = sha256.hex()
        return self._folder / folder / name[:2] / f"{name}{ending}"

    def _source_of(self, uri: str) -> Source:
        """Return the source that gave a uri; an archive is kept for its next picture."""
        source = source_of(uri, self._folder)
        if source.file_of(uri) is not None:
            return source
        with self._lock:
            source = self._sources.setdefault((source.kind, source.path), source)
            self._sources.move_to_end((source.kind, source.path))
            if len(self._sources) > _OPEN_SOURCES:
                self._sources.popitem(last=False)
        return source
