"""What every source promises, and the candidates it yields."""

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from binocle.errors import NotFoundError
from binocle.files import read_regular
from binocle.metadata.field_types import Reading
from binocle.types import Metadata, Skip

NOT_ALLOWED = "it lies outside the folders that the operator allows, BINOCLE_SOURCES"
Knows = Callable[[str, str], bool]
Below = Callable[[str], Mapping[str, str] | None]
"""What a source remembers of what the collection has; see ``Source.remember``."""

_ESCAPE = re.compile(r"\\(?=x[0-9a-f]{2})")
_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A picture to embed.

    Attributes:
        role: Which of the record's fields it is.
        uri: Where it lies, for a person and for ``Source.open``.
        read: Returns the encoded file; may raise OSError. Called from any thread.
        size_bytes: Its length, where the source knows it before reading.
        sha256: Of the encoded file, where the source knows it before reading.
        is_absent: It cannot be had, and the candidate's fingerprint tells when that changes.
    """

    role: str
    uri: str
    read: Callable[[], bytes]
    size_bytes: int = 0
    sha256: bytes = b""
    is_absent: bool = False


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
        is_partial: Whether more of it may lie where the source cannot be read; a record that is
            known stays as it is then.
        otherwise: Metadata for what its pictures do not say of themselves.
    """

    key: str
    fingerprint: str
    record_id: str
    uri: str
    metadata: Metadata = field(default_factory=dict)
    images: tuple[ImageRef, ...] = ()
    texts: tuple[TextRef, ...] = ()
    skip: Skip | None = None
    is_partial: bool = False
    otherwise: Metadata = field(default_factory=dict)


class Source(Protocol):
    """Something to index. What it stops to contain disappears from the collection.

    Sources are subclasses, so that a new one writes ``scan``, ``count`` and ``open``, and of the
    rest only what is different with it.

    Attributes:
        kind: ``folder``, ``archive``, ``table``, ``text``, ``file``, ``remote`` or ``upload``.
        path: Where it lies, absolute.
        is_recalled: Whether it wants to remember before it counts, since that costs, too.
        is_followed: Whether it is looked at again as soon as something in it changes.
    """

    kind: str
    path: Path
    is_recalled: bool = False
    is_followed: bool = False

    def scan(self, name: str) -> Iterator[Candidate]:
        """Yield its candidates in an order that stays the same while it does not change.

        Args:
            name: The source's name in the collection, for the ids it makes up.

        Raises:
            SourceError: It cannot be read as a whole.
        """

    def count(self) -> int:
        """Return how many candidates there are, approximately; for progress."""

    def open(self, uri: str) -> bytes:
        """Return again the picture, or the line of text, that a scan gave this uri.

        Raises:
            NotFoundError: It is not there any more, or cannot be read.
        """

    def open_each(self, uris: Collection[str]) -> Iterator[tuple[str, bytes | NotFoundError]]:
        """Give several pictures again, each with its uri, in the order that is quickest.

        What is not there any more is an error in the place of its bytes.
        """
        for uri in uris:
            try:
                yield uri, self.open(uri)
            except NotFoundError as error:
                yield uri, error

    def file_of(self, _uri: str, /) -> Path | None:
        """Return the file that is the picture of this uri; None where it lies inside another."""
        return None

    def remember(self, _knows: Knows, _below: Below, /) -> None:
        """Be told before a scan what needs not be looked at closely.

        Args:
            knows: Tells by a candidate's key and fingerprint whether the collection has it so.
            below: Returns the fingerprints of all that the collection has under keys that begin so,
                the beginning being nothing or that of an archive's; None where any of it has to be
                tried again.
        """
        return

    def covers(self, _key: str, /) -> bool:
        """Tell whether a key that was not seen is really gone.

        False for what this scan did not look at: another subfolder, a folder that could not
        be opened.
        """
        return True

    def readings(self, _declared: Callable[[], Collection[str]], /) -> Mapping[str, Reading]:
        """Return what the columns of a table are, but for those of declared types.

        Args:
            declared: Returns fields that are left as they are written; the catalogue converts
                them.

        Raises:
            SourceError: It cannot be read as a whole.
        """
        return {}

    def warnings(self) -> Sequence[str]:
        """Return what a person should know of it, one sentence each.

        Raises:
            SourceError: It cannot be read as a whole.
        """
        return ()

    def within(self, _kind: str, _uri: str, /) -> "Source | None":
        """Return this as a part of a source the collection knows; None where it is none."""
        return None

    def absorbs(self, _kind: str, _uri: str, /) -> bool:
        """Tell whether all of a source the collection knows is part of this one."""
        return False

    @property
    def uri(self) -> str:
        """Where it lies, as text; its identity."""
        return str(self.path)

    @property
    def looked_at(self) -> Path | str:
        """What a scan looks at: the source, or one folder of it."""
        return self.path


def printable(path: str) -> str:
    """Return a path as text that can be stored; bytes that are no UTF-8 are escaped."""
    try:
        data = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a character, which is no byte of a file's name
        data = path.encode("utf-8", "backslashreplace")
    return data.decode("utf-8", "backslashreplace")


def escaped(path: str) -> str:
    """Return a file's path as ``printable`` does, but no two as one text: ``path_of`` finds back.

    What looks like an escape in a name is escaped too.
    """
    return printable(_ESCAPE.sub(r"\\x5c", path))


def path_of(uri: str) -> Path:
    """Return the path that ``escaped`` made a text of."""
    if "\\x" not in uri:
        return Path(uri)
    data = _ESCAPED.sub(lambda one: bytes([int(one[1], 16)]), uri.encode("utf-8", "replace"))
    path = Path(os.fsdecode(data))
    return path if path.exists() else Path(uri)  # older programs did not escape what looks so


def read_file(path: str | Path) -> bytes:
    """Return the content of a file.

    Raises:
        NotFoundError: It is not there any more, or cannot be read.
    """
    try:
        return read_regular(path_of(path) if isinstance(path, str) else path)
    except (OSError, ValueError) as error:
        raise gone() from error


def gone() -> NotFoundError:
    """Return what ``Source.open`` raises; it names no folder, for clients of the service."""
    return NotFoundError("the picture's file is not there any more")
