"""What every source promises, and the candidates it yields."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from binocle.types import Metadata, Skip


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A picture to embed.

    Attributes:
        role: Which of the record's fields it is.
        uri: Where it lies, for a person and for programs.
        read: Returns the encoded file; may raise OSError. Called from any thread.
        size_bytes: Its length, where the source knows it before reading.
    """

    role: str
    uri: str
    read: Callable[[], bytes]
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class TextRef:
    """A text to embed."""

    role: str
    uri: str
    text: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may become one record.

    Attributes:
        key: Its name in the source, stable between runs.
        fingerprint: Changes when it changes; cheap to tell.
        record_id: The id it will have.
        uri: Where it lies.
        metadata: What the source knows of it.
        images: Its pictures.
        texts: Its texts.
        skip: Why it cannot become a record, where the source can already tell.
    """

    key: str
    fingerprint: str
    record_id: str
    uri: str
    metadata: Metadata = field(default_factory=dict)
    images: tuple[ImageRef, ...] = ()
    texts: tuple[TextRef, ...] = ()
    skip: Skip | None = None


class Source(Protocol):
    """Something to index. What it stops to contain disappears from the collection."""

    @property
    def kind(self) -> str:
        """``folder``, ``archive``, ``table``, ``text`` or ``file``."""
        ...

    @property
    def path(self) -> Path:
        """Where it lies, absolute; its identity."""
        ...

    def scan(self, name: str) -> Iterator[Candidate]:
        """Yield its candidates in an order that stays the same while it does not change.

        Args:
            name: The source's name in the collection, for the ids it makes up.

        Raises:
            SourceError: It cannot be read as a whole.
        """
        ...

    def count(self) -> int:
        """Return how many candidates there are, approximately; for progress."""
        ...

    def covers(self, key: str) -> bool:
        """Tell whether a key that was not seen is really gone.

        False for what this scan did not look at: another subfolder, a folder that could not
        be opened.
        """
        ...


def printable(path: str) -> str:
    """Return a path as text that can be stored; bytes that are no UTF-8 are escaped."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
