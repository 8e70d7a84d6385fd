"""The members of a zip, each unpacked in small pieces and no further than it may be."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from binocle.errors import SourceError
from indexer.sources.members.cut_zip import cut_members, is_zip, read_cut
from indexer.sources.members.member import ArchiveMember
from indexer.sources.stores.remote_file import RemoteFile

_DEFLATE_PIECE_BYTES = 256 * 1024
_OTHER_PIECE_BYTES = 4096  # bzip2 and LZMA unpack all they are given, up to 80 MiB from this


def open_zip(path: Path) -> zipfile.ZipFile:
    """Return a zip, open.

    Raises:
        OSError: It cannot be read.
        SourceError: It is damaged, or no zip; also where the list of members that was found is not
            its own, but of a zip in it.
    """
    try:
        opened = path.open("rb") if isinstance(path, RemoteFile) else path
        archive = zipfile.ZipFile(opened)
    except (zipfile.BadZipFile, struct.error, NotImplementedError, ValueError, EOFError) as error:
        raise SourceError(f"{path} is damaged or no archive ({error})") from error
    if is_zip(path) and min((one.header_offset for one in archive.infolist()), default=1) > 0:
        archive.close()
        raise SourceError(f"{path} is damaged (its list of members lacks the first one)")
    return archive


def zip_members(archive: zipfile.ZipFile) -> Iterator[ArchiveMember]:
    """Yield the members of a zip, folders too."""
    for info in archive.infolist():
        read = partial(read_zipped, archive, info)
        yield ArchiveMember(info.filename, _stamp(info.file_size, info.CRC), info.file_size, read)


def cut_zip_members(path: Path, most_bytes: int) -> Iterator[ArchiveMember]:
    """Yield the members of a zip whose list of them is not there: those before the cut.

    Args:
        path: The zip.
        most_bytes: How much may be unpacked to find where members end.

    Raises:
        OSError: It cannot be read.
    """
    for one in cut_members(path, most_bytes):
        read = partial(read_cut, path, one)
        yield ArchiveMember(one.name, _stamp(one.size_bytes, one.crc), one.size_bytes, read)


def _stamp(size_bytes: int, crc: int) -> str:
    return f"{size_bytes}:{crc}"


def read_zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return a member's content.

    No more is unpacked than the zip says the member has, whatever is really in it.

    Raises:
        OSError: It is damaged, encrypted, or packed in a way that is not known.
    """
    is_plain = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    piece_bytes = _DEFLATE_PIECE_BYTES if is_plain else _OTHER_PIECE_BYTES
    try:
        with archive.open(info) as file:
            pieces: list[bytes] = []
            while piece := file.read(piece_bytes):
                pieces.append(piece)
    except (RuntimeError, NotImplementedError, zipfile.BadZipFile, EOFError) as error:
        reason = "it is encrypted" if info.flag_bits & 1 else str(error)
        raise OSError(reason) from error  # encrypted, unknown method, bad checksum
    except (zlib.error, lzma.LZMAError, ValueError) as error:
        raise OSError(f"it is damaged ({error})") from error
    data = b"".join(pieces)
    if len(data) != info.file_size:
        raise OSError("it is shorter than the zip says")
    return data
