"""The members of a tar as those of any archive."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from binocle.errors import NotFoundError
from indexer.sources.members.member import ArchiveMember, is_hidden, refuse
from indexer.sources.members.tar_members import TarReader, read_at

_MAX_PACKED_MEMBER_BYTES = 512 * 1024 * 1024  # what is held of a compressed tar; as for a picture


def tar_walk(reader: TarReader, path: Path) -> Iterator[ArchiveMember]:
    """Yield the files of a tar, but for hidden ones.

    Args:
        reader: Of the tar.
        path: Where it lies.
    """
    for info in reader.members():
        name = info.name.removeprefix("./")
        if info.isdir() or is_hidden(name):
            continue
        is_passing = reader.is_packed or info.sparse is not None
        read: Callable[[], bytes]
        if not info.isreg():
            read, is_passing = partial(refuse, "it is a link or a device, no file"), False
        elif is_passing:
            read = partial(reader.read, info)
        else:
            read = partial(read_at, path, info.size, info.offset_data)
        fingerprint = f"{info.size}:{int(info.mtime)}"
        yield ArchiveMember(name, fingerprint, info.size, read, is_passing)


def held(member: ArchiveMember, again: Callable[[], bytes]) -> ArchiveMember:
    """Read a member that passes by; the first to ask is given it, later ones read again.

    Args:
        member: As it passes; one that does not is returned as it is.
        again: Reads it from the start of the tar.

    Raises:
        OSError: The tar ends or is damaged within it.
    """
    if not member.is_passing:
        return member
    if member.size_bytes > _MAX_PACKED_MEMBER_BYTES:
        reason = (
            f"its {member.size_bytes:,} bytes are more than the limit of "
            f"{_MAX_PACKED_MEMBER_BYTES:,} in a compressed archive; unpack it"
        )
        return replace(member, read=partial(refuse, reason))
    content = [member.read()]

    def read() -> bytes:
        with suppress(IndexError):
            return content.pop()
        try:
            return again()
        except NotFoundError as error:
            raise OSError(str(error)) from error

    return replace(member, read=read)
