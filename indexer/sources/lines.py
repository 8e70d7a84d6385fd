"""A text corpus: one text per line."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from binocle.errors import SourceError
from indexer.sources.base import Candidate, Source, TextRef, gone, printable
from indexer.sources.encodings import encoding_of
from indexer.sources.rows.long_lines import TOO_LONG, bounded_texts, check_size
from indexer.sources.stores.remote_file import file_at

SUFFIXES = (".txt", ".text")
_LINE = "#L"


class TextSource(Source):
    """The lines of a text file, one record each; empty lines count but are left out."""

    kind = "text"

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        """Name a text file by its absolute path, and what it is in where that was declared."""
        self.path = path
        self._encoding = encoding
        self._lines: list[tuple[int, str]] | None = None

    @classmethod
    def of(cls, uri: str) -> "TextSource | None":
        """Return the file that a line's uri names; None where it is no line's."""
        path, mark, _ = uri.rpartition(_LINE)
        return cls(file_at(path)) if mark and path.lower().endswith(SUFFIXES) else None

    def scan(self, name: str) -> Iterator[Candidate]:
        """Yield the lines; see ``Source.scan``."""
        for number, text in self._read():
            uri = f"{self._prefix()}{number}"
            digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
            yield Candidate(
                str(number),
                digest,
                f"{name}#{number}",
                uri,
                {"filename": self.path.name, "line": number},
                texts=(TextRef("text", uri, text),) if text else (),
                skip=None if text else TOO_LONG,
            )

    def count(self) -> int:
        """Return how many texts there are."""
        return len(self._read())

    def open(self, uri: str) -> bytes:
        """Return a line again, in UTF-8; see ``Source.open``."""
        try:
            number = int(uri.removeprefix(self._prefix()))
            return dict(self._read())[number].encode("utf-8", "replace")
        except (SourceError, ValueError, KeyError) as error:
            raise gone() from error

    def _prefix(self) -> str:
        return f"{printable(str(self.path))}{_LINE}"

    def _read(self) -> list[tuple[int, str]]:
        if self._lines is None:
            try:
                check_size(self.path)
                self._lines = list(self._numbered())
            except OSError as error:
                raise SourceError(f"cannot read {self.path} ({error.strerror})") from error
        return self._lines

    def _numbered(self) -> Iterator[tuple[int, str]]:
        encoding = encoding_of(self.path, self._encoding)
        for number, line in enumerate(bounded_texts(self.path, encoding), 1):
            if line is None:
                yield number, ""  # it is too long
            elif text := line.replace("\x00", "").removeprefix("\ufeff").strip():
                yield number, text
