"""The pictures of records as they came, and small, wherever they lie."""

import threading
from collections import OrderedDict
from pathlib import Path

from binocle.catalog.types import StoredImage
from binocle.files import make_folder, replacing
from binocle.media.decoder_pool import DecoderPool
from indexer.sources.base import Source, gone
from indexer.sources.registry import source_of

DERIVED = ("thumbnails", "originals")
_OPEN_SOURCES = 8


class StoredMedia:
    """Reads pictures of one collection again. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        """Set up.

        Args:
            folder: The collection's; what was made of its pictures is kept there.
        """
        self._folder = folder
        self._sources: OrderedDict[tuple[str, Path], Source] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, uri: str) -> bytes:
        """Return the encoded picture of a part.

        Raises:
            NotFoundError: It is not there any more.
        """
        return self._source_of(uri).open(uri)

    def original(self, image: StoredImage) -> Path:
        """Return a file that holds a picture as it came; what lies inside another is unpacked once.

        Raises:
            NotFoundError: It is not there any more.
        """
        path = self._source_of(image.uri).file_of(image.uri)
        if path is None:
            path = self._derived("originals", image.sha256)
            if not path.exists():
                _write(path, self.read(image.uri))
        if not path.is_file():
            raise gone()
        return path

    def thumbnail_file(self, image: StoredImage, size: int) -> Path:
        """Return where the thumbnail of a picture is kept, once it is made."""
        return self._derived("thumbnails", image.sha256, f"-{size}.jpg")

    def make_thumbnail(self, image: StoredImage, size: int, decoders: DecoderPool) -> None:
        """Make a picture's thumbnail: upright, its long side at most ``size`` pixels.

        Raises:
            NotFoundError: The picture is not there any more.
            PictureError: It cannot be decoded.
        """
        _write(self.thumbnail_file(image, size), decoders.thumbnail(self.read(image.uri), size))

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


def _write(path: Path, data: bytes) -> None:
    make_folder(path.parent)
    with replacing(path, durable=False) as file:
        file.write(data)
