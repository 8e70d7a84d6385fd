"""The bytes of a tar, as its headers are read from them: within limits, and around damage."""

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from indexer.sources.members.bzip2_blocks import Gap
from indexer.sources.members.unpacking import (
    DamagedStreamError,
    EndlessStreamError,
    unpacked,
    unpacked_behind_damage,
)

BLOCK_BYTES = tarfile.BLOCKSIZE
MAGIC = slice(257, 262)
MAX_HEADER_BYTES = 1024 * 1024  # of one member: its name, its attributes, the map of its holes
DRAINED_BYTES = 1024 * 1024
_MAX_CHAIN = 20  # headers that say more of the next one; a name, a link and attributes are 3
_MAX_TRIES = 10_000  # of what might be a header behind damage


class ChainError(tarfile.ReadError):
    """Too many headers say more of the next one."""


class TarHeader(tarfile.TarInfo):
    """A header; the standard library reads what it says of the next one by calling itself."""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        """Read the next header, once it has been counted.

        Raises:
            tarfile.TarError: It is none, or damaged.
        """
        assert isinstance(tarfile.fileobj, PlainBytes)
        tarfile.fileobj.begin_link()
        return super().fromtarfile(tarfile)


class PlainBytes:
    """A file as ``TarInfo`` reads it, with a limit on what a header takes."""

    damage = ""

    def __init__(self, path: Path) -> None:
        self.gaps: list[int] = []  # sizes of what cannot be read, and is followed by what can
        self._file = path.open("rb")
        self._header: list[bytes] | None = None
        self._allowance = self._links = 0
        self._ahead, self._start = b"", 0  # what has been read and not yet given
        self._position = 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def tell(self) -> int:
        """Return how many bytes have been given, or passed over."""
        return self._position

    def begin_header(self, block: bytes) -> None:
        """Give a block again, and what follows, as long as it is not too much."""
        self._put_back(block)
        self._header, self._allowance, self._links = [], MAX_HEADER_BYTES, 0

    def begin_link(self) -> None:
        """Count a header that is read for a member."""
        self._links += 1
        if self._links > _MAX_CHAIN:
            raise ChainError(f"it is made of more than {_MAX_CHAIN} headers")

    def end_header(self, *, again: bool) -> int:
        """Go on behind what has been given, or give all but the first block again.

        Returns:
            How many bytes behind the first block are not given again.
        """
        taken = b"".join(self._header or ())
        self._header = None
        if again:
            self._put_back(taken[BLOCK_BYTES:])
            return 0
        return max(0, len(taken) - BLOCK_BYTES)

    def read(self, size: int) -> bytes:
        """Return the next bytes of a header."""
        if size > self._allowance:
            raise tarfile.ReadError(f"it is longer than the limit of {MAX_HEADER_BYTES:,} bytes")
        self._allowance -= size
        data = self.take(size)
        if self._header is not None:
            self._header.append(data)
        return data

    def take(self, size: int) -> bytes:
        """Return the next bytes; fewer at the end."""
        data = self._ahead[self._start : self._start + size]
        self._start += len(data)
        if len(data) < size:
            data += self._more(size - len(data))
        self._position += len(data)
        return data

    def seek(self, place: int) -> None:
        """Go on at a place, which is not before this one."""
        if place != self._position:
            self._ahead, self._start = b"", 0
            self._file.seek(place)
            self._position = place

    def pass_gap(self) -> bool:
        """Go on behind damage, at the next header; tell whether there is one."""
        return False

    def _put_back(self, data: bytes) -> None:
        self._ahead, self._start = data + self._ahead[self._start :], 0
        self._position -= len(data)

    def _more(self, size: int) -> bytes:
        return self._file.read(size)


class PackedBytes(PlainBytes):
    """The same of a compressed file, which ends at damage until ``pass_gap``."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._path, self._unpacked_bytes, self._tries = path, 0, 0
        self._pieces: Iterator[bytes | Gap] = unpacked(path)
        self._is_at_gap = False

    def seek(self, place: int) -> None:
        """Go on at a place, which is not before this one; no further than damage."""
        while self._position < place and self.take(min(DRAINED_BYTES, place - self._position)):
            pass

    def pass_gap(self) -> bool:
        """Go on behind damage, at the next header; tell whether there is one."""
        while self._is_at_gap:
            self._is_at_gap, kept = False, b""
            while piece := self.take(DRAINED_BYTES):
                data = kept + piece
                start = self._header_in(data)
                if start is not None:
                    self._put_back(data[start:])
                    return True
                kept = data[-(BLOCK_BYTES - 1) :]
        return False

    def _header_in(self, data: bytes) -> int | None:
        """Return where a header begins, at any byte: how much is missing before is not known."""
        place = data.find(b"ustar")
        while place >= 0 and self._tries < _MAX_TRIES:
            start = place - MAGIC.start
            if 0 <= start <= len(data) - BLOCK_BYTES:
                self._tries += 1
                try:
                    tarfile.TarInfo.frombuf(
                        data[start : start + BLOCK_BYTES], "utf-8", "surrogateescape"
                    )
                except (tarfile.TarError, ValueError):
                    pass
                else:
                    return start
            place = data.find(b"ustar", place + 1)
        return None

    def _more(self, size: int) -> bytes:
        pieces: list[bytes] = []
        missing = size
        while missing > 0 and not self._is_at_gap:
            piece = self._next()
            if isinstance(piece, Gap):
                self.gaps.append(piece.size_bytes)
                self.damage, self._is_at_gap = "", True
            elif piece:
                pieces.append(piece)
                missing -= len(piece)
            else:
                break
        data = b"".join(pieces)
        self._ahead, self._start = data[size:], 0
        return data[:size]

    def _next(self) -> bytes | Gap:
        """Return the next piece, or what of the file is lost; nothing at its end."""
        try:
            piece = next(self._pieces, b"")
        except DamagedStreamError as error:
            self.damage = str(error)
            if isinstance(error, EndlessStreamError) or self.gaps:
                return b""
            self._pieces = unpacked_behind_damage(self._path, self._unpacked_bytes)
            return self._next()
        self._unpacked_bytes += 0 if isinstance(piece, Gap) else len(piece)
        return piece
