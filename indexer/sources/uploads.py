"""What came over HTTP: the records of one request, and the pictures that are kept of it.

Pictures lie beside the catalogue, named by their SHA-256; ``indexer.kept_uploads`` keeps them.
"""

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from indexer.sources.base import Candidate, ImageRef, Source, TextRef, read_file

SCHEME = "upload:"


class UploadSource(Source):
    """The records of one request. What is not in it stays in the collection."""

    kind = "upload"

    def __init__(self, collection: Path, candidates: Sequence[Candidate] = ()) -> None:
        """Set up.

        Args:
            collection: The folder of the collection that keeps the pictures.
            candidates: The records, with pictures of ``uploaded_image``.
        """
        self.path = collection / "uploads"
        self._candidates = candidates

    def scan(self, name: str) -> Iterator[Candidate]:  # noqa: ARG002 - clients choose the ids
        """Yield the records; see ``Source.scan``."""
        yield from self._candidates

    def count(self) -> int:
        """Return how many records there are."""
        return len(self._candidates)

    def covers(self, _key: str, /) -> bool:
        """Return False: other requests brought other records."""
        return False

    def open(self, uri: str) -> bytes:
        """Return a picture again; see ``Source.open``."""
        return read_file(self.file_of(uri))

    def file_of(self, uri: str) -> Path:
        """Return the file that keeps a picture."""
        name = uri.removeprefix(SCHEME)
        return self.path / name[:2] / name


def uri_of(sha256: bytes) -> str:
    """Return the uri of a picture that is kept here."""
    return SCHEME + sha256.hex()


def uploaded_image(role: str, data: bytes) -> ImageRef:
    """Return a picture of a request."""
    sha256 = hashlib.sha256(data).digest()
    return ImageRef(role, uri_of(sha256), partial(bytes, data), len(data), sha256)


def uploaded_text(role: str, text: str) -> TextRef:
    """Return a text of a request."""
    return TextRef(role, f"text:{role}", text)
