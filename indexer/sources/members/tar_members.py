"""The members of a tar, as far as it can be read: what is damaged costs itself.

Headers are read by the standard library one by one; where one is damaged, the next is looked for,
as tar does. Source of the format: https://www.gnu.org/software/tar/manual/html_node/Standard.html.
"""

import io
import math
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Self, cast

from indexer.sources.members.unpacking import DamagedStreamError, is_compressed, unpacked

_BLOCK = tarfile.BLOCKSIZE
MAX_HEADER_BYTES = 1024 * 1024  # of one member: its name, its attributes, the map of its holes
_MAX_CHAIN = 20  # headers that say more of the next one; a name, a link and attributes are 3
_MAX_SKIPPED_BYTES = 1024**3  # what is searched for a header; takes seconds
_MAX_SHARED_ATTRIBUTES = 1_000  # of a pax archive; each member has a copy of them
_DRAINED_BYTES = 1024 * 1024
_MAGIC = slice(257, 262)


class TarReader:
    """Reads a tar from its start to its end, once.

    Attributes:
        damages: What is wrong with it, as far as it has been read; empty for nothing.
        is_complete: Whether all members have been seen that are in it, good or bad.
        is_packed: Whether it is compressed, so that members are read in their order only.
    """

    def __init__(self, path: Path) -> None:
        """Open a tar.

        Raises:
            OSError: It cannot be read.
        """
        self.is_packed = is_compressed(path)
        self.damages: list[str] = []
        self.is_complete = True
        self._size = path.stat().st_size
        self._file = _PackedBytes(path) if self.is_packed else _PlainBytes(path)
        # What the standard library keeps between headers. It begins to read at once, so it is
        # given an empty tar first.
        self._archive = tarfile.TarFile(fileobj=io.BytesIO(bytes(_BLOCK)))
        self._archive.fileobj = self._file  # type: ignore[assignment]
        self._place = 0
        self._is_searching = False

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def members(self) -> Iterator[tarfile.TarInfo]:
        """Yield the members; before the next, ``read`` gives the content of the last."""
        skipped = 0
        is_ended = False  # by zeros; other tars may follow
        while skipped <= _MAX_SKIPPED_BYTES:
            self._file.seek(self._place)
            block = self._file.take(_BLOCK)
            if len(block) < _BLOCK:
                break
            info = self._member_at(block) if any(block) else None
            if info is not None and not self.is_packed and self._is_cut(info):
                self._lose(f"it ends within {info.name}")
                return
            if info is not None:
                skipped, is_ended, self._is_searching = 0, False, False
                yield info
            else:
                is_ended = is_ended or not any(block)
                skipped += _BLOCK
                self._place += _BLOCK
        self._finish(is_ended=is_ended)

    def read(self, info: tarfile.TarInfo) -> bytes:
        """Return the content of the member that came last.

        Raises:
            OSError: The archive ends, or is damaged, before the member ends.
        """
        self._file.seek(info.offset_data)
        if info.sparse is None:
            data = self._file.take(info.size)
        else:
            whole = bytearray(info.size)
            holes = cast(list[tuple[int, int]], info.sparse)  # what lies between them
            for start, length in holes:
                piece = self._file.take(max(0, min(length, info.size - start)))
                whole[start : start + len(piece)] = piece
            data = bytes(whole)
        if len(data) < info.size:
            raise OSError("the archive ends, or is damaged, before this member does")
        return data

    def _member_at(self, block: bytes) -> tarfile.TarInfo | None:
        """Return the member that a block begins; None for what is no header."""
        if self._is_searching and block[_MAGIC] != b"ustar":
            return None
        self._file.begin_header(block)
        try:
            info = _Header.fromtarfile(self._archive)
            if info.size < 0 or self._archive.offset <= self._place:
                raise tarfile.ReadError("a negative size")
            if len(self._archive.pax_headers) > _MAX_SHARED_ATTRIBUTES:
                self._archive.pax_headers = {}
                raise tarfile.ReadError("too many attributes")
            if not math.isfinite(info.mtime):
                info.mtime = 0
        except (tarfile.TarError, ArithmeticError, LookupError, ValueError) as error:
            # Of a chain that is too long, each link would begin one as long.
            is_chain = isinstance(error, _ChainError)
            self._place += self._file.end_header(again=not is_chain)
            if not self._is_searching:
                self._lose(f"the header of a member is damaged ({error})")
            self._is_searching = True
            return None
        self._file.end_header(again=False)
        self._place = self._archive.offset
        return info

    def _is_cut(self, info: tarfile.TarInfo) -> bool:
        """Tell whether the file ends before a member does."""
        if info.sparse is None:
            return info.offset_data + (info.size if info.isreg() else 0) > self._size
        return self._place > -(-self._size // _BLOCK) * _BLOCK

    def _lose(self, reason: str) -> None:
        self.is_complete = False
        if reason not in self.damages:
            self.damages.append(reason)

    def _finish(self, *, is_ended: bool) -> None:
        """Read what is left, for checksums, and note why it may have ended too early."""
        if not self.is_packed:
            if not is_ended:
                self._lose("it has no mark of its end, as if it had been cut")
            return
        while self._file.take(_DRAINED_BYTES):
            pass
        if self._file.damage:
            was_complete = self.is_complete
            self._lose(self._file.damage)
            self.is_complete = was_complete and is_ended
        elif not is_ended:
            self._lose("it has no mark of its end, as if it had been cut")


def read_at(path: Path, size: int, offset: int) -> bytes:
    """Return the content of a member of a tar that is not compressed; thread-safe.

    Raises:
        OSError: It cannot be read, or the tar ends before.
    """
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(size)
    if len(data) < size:
        raise OSError("the archive ends before this member does")
    return data


class _ChainError(tarfile.ReadError):
    """Too many headers say more of the next one."""


class _Header(tarfile.TarInfo):
    """A header; the standard library reads what it says of the next one by calling itself."""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        assert isinstance(tarfile.fileobj, _PlainBytes)
        tarfile.fileobj.begin_link()
        return super().fromtarfile(tarfile)


class _PlainBytes:
    """A file as ``TarInfo`` reads it, with a limit on what a header takes."""

    damage = ""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._header: list[bytes] | None = None
        self._allowance = self._links = 0
        self._ahead, self._start = b"", 0  # what has been read and not yet given
        self._position = 0

    def close(self) -> None:
        self._file.close()

    def tell(self) -> int:
        return self._position

    def begin_header(self, block: bytes) -> None:
        """Give a block again, and what follows, as long as it is not too much."""
        self._put_back(block)
        self._header, self._allowance, self._links = [], MAX_HEADER_BYTES, 0

    def begin_link(self) -> None:
        """Count a header that is read for a member."""
        self._links += 1
        if self._links > _MAX_CHAIN:
            raise _ChainError(f"it is made of more than {_MAX_CHAIN} headers")

    def end_header(self, *, again: bool) -> int:
        """Go on behind what has been given, or give all but the first block again.

        Returns:
            How many bytes behind the first block are not given again.
        """
        taken = b"".join(self._header or ())
        self._header = None
        if again:
            self._put_back(taken[_BLOCK:])
            return 0
        return max(0, len(taken) - _BLOCK)

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

    def _put_back(self, data: bytes) -> None:
        self._ahead, self._start = data + self._ahead[self._start :], 0
        self._position -= len(data)

    def _more(self, size: int) -> bytes:
        return self._file.read(size)


class _PackedBytes(_PlainBytes):
    """The same of a compressed file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._pieces = unpacked(path)

    def seek(self, place: int) -> None:
        while self._position < place and self.take(min(_DRAINED_BYTES, place - self._position)):
            pass

    def _more(self, size: int) -> bytes:
        pieces: list[bytes] = []
        missing = size
        while missing > 0:
            try:
                piece = next(self._pieces, b"")
            except DamagedStreamError as error:
                self.damage = str(error)
                piece = b""
            if not piece:
                break
            pieces.append(piece)
            missing -= len(piece)
        data = b"".join(pieces)
        self._ahead, self._start = data[size:], 0
        return data[:size]
