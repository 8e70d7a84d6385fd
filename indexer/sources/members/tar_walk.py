"""The members of a tar as those of any archive."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from indexer.sources.members.member import ArchiveMember, is_hidden, refuse
from indexer.sources.members.tar_members import TarReader, read_at


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
