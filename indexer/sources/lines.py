"""A text corpus: one text per line."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from binocle.errors import SourceError
from indexer.sources.base import Candidate, TextRef, printable

SUFFIXES = (".txt", ".text")


class TextSource:
    """The lines of a text file, one record each; empty lines count but are left out."""

    kind = "text"

    def __init__(self, path: Path) -> None:
        """Name a text file by its absolute path."""
        self.path = path
        self._lines: list[tuple[int, str]] | None = None

    def scan(self, name: str) -> Iterator[Candidate]:
        """Yield the lines; see ``Source.scan``."""
        for number, text in self._read():
            uri = f"{printable(str(self.path))}#L{number}"
            digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
            yield Candidate(
                str(number),
                digest,
                f"{name}#{number}",
                uri,
                {"filename": self.path.name, "line": number},
                texts=(TextRef("text", uri, text),),
            )

    def count(self) -> int:
        """Return how many texts there are."""
        return len(self._read())

    def covers(self, key: str) -> bool:  # noqa: ARG002 - a scan sees the whole file
        """Return True."""
        return True

    def _read(self) -> list[tuple[int, str]]:
        if self._lines is None:
            try:
                data = self.path.read_bytes()
            except OSError as error:
                raise SourceError(f"cannot read {self.path} ({error.strerror})") from error
            if b"\x00" in data:
                raise SourceError(f"{self.path} is a binary file, not a text corpus")
            lines = data.decode("utf-8-sig", "replace").splitlines()
            numbered = ((number, line.strip()) for number, line in enumerate(lines, 1))
            self._lines = [(number, line) for number, line in numbered if line]
        return self._lines
