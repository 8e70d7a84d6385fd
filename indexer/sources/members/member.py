"""A member of an archive, of whatever format."""

from collections.abc import Callable
from dataclasses import dataclass

from indexer.sources.left_out import is_systems


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """A file in an archive; of a compressed tar it can be read until the next one comes.

    Attributes:
        name: Its path in the archive.
        fingerprint: Changes when it changes.
        size_bytes: Its length.
        read: Returns its content; may raise OSError.
        is_passing: Whether it can only be read until the next one comes.
    """

    name: str
    fingerprint: str
    size_bytes: int
    read: Callable[[], bytes]
    is_passing: bool = False


def is_hidden(name: str) -> bool:
    """Tell whether a member is one that its maker's system hides."""
    return any(
        part == "__MACOSX" or (is_systems(part) and part not in (".", ".."))
        for part in name.split("/")
    )


def refuse(reason: str) -> bytes:
    """Raise OSError, in the place of a member's content."""
    raise OSError(reason)
