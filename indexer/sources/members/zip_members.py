"""The members of a zip, each unpacked in small pieces and no further than it may be."""

import lzma
import struct
import zipfile
import zlib
from pathlib import Path

from binocle.errors import SourceError

_DEFLATE_PIECE_BYTES = 256 * 1024
_OTHER_PIECE_BYTES = 4096  # bzip2 and LZMA unpack all they are given, up to 80 MiB from this


def open_zip(path: Path) -> zipfile.ZipFile:
    """Return a zip, open.

    Raises:
        OSError: It cannot be read.
        SourceError: It is damaged, or no zip.
    """
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, struct.error, NotImplementedError, ValueError, EOFError) as error:
        raise SourceError(f"{path} is damaged or no archive ({error})") from error


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
