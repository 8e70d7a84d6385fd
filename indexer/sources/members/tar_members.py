"""The members of a tar, as far as it can be read: what is damaged costs itself.

Headers are read by the standard library one by one; where one is damaged, the next is looked for,
as tar does. Source of the format: https://www.gnu.org/software/tar/manual/html_node/Standard.html.
"""

import io
import math
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from indexer.sources.members.tar_bytes import (
    BLOCK_BYTES,
    DRAINED_BYTES,
    MAGIC,
    ChainError,
    PackedBytes,
    PlainBytes,
    TarHeader,
)
from indexer.sources.members.unpacking import is_compressed
from indexer.sources.stores.remote_file import RemoteFile

_MAX_SKIPPED_BYTES = 1024**3  # what is searched for a header; takes seconds
_MAX_SHARED_ATTRIBUTES = 1_000  # of a pax archive; each member has a copy of them


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
        self._file = PackedBytes(path) if self.is_packed else PlainBytes(path)
        # What the standard library keeps between headers. It begins to read at once, so it is
        # given an empty tar first.
        self._archive = tarfile.TarFile(fileobj=io.BytesIO(bytes(BLOCK_BYTES)))
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
            block = self._file.take(BLOCK_BYTES)
            if len(block) < BLOCK_BYTES and self._file.pass_gap():
                self._place, self._is_searching, self.is_complete = self._file.tell(), True, False
                continue
            if len(block) < BLOCK_BYTES:
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
                skipped += BLOCK_BYTES
                self._place += BLOCK_BYTES
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
        if self._is_searching and block[MAGIC] != b"ustar":
            return None
        self._file.begin_header(block)
        try:
            info = TarHeader.fromtarfile(self._archive)
            if info.size < 0 or self._archive.offset <= self._place:
                raise tarfile.ReadError("a negative size")
            if len(self._archive.pax_headers) > _MAX_SHARED_ATTRIBUTES:
                self._archive.pax_headers = {}
                raise tarfile.ReadError("too many attributes")
            if not math.isfinite(info.mtime):
                info.mtime = 0
        except (tarfile.TarError, ArithmeticError, LookupError, ValueError) as error:
            # Of a chain that is too long, each link would begin one as long.
            is_chain = isinstance(error, ChainError)
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
        return self._place > -(-self._size // BLOCK_BYTES) * BLOCK_BYTES

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
        while self._file.take(DRAINED_BYTES):
            pass
        if self._file.gaps:
            self._lose(
                f"it has damaged blocks, {len(self._file.gaps)} of {sum(self._file.gaps):,} bytes "
                "in all, which were not read; what follows them was"
            )
        if self._file.damage:
            was_complete = self.is_complete
            self._lose(self._file.damage)
            self.is_complete = was_complete and is_ended
        elif not is_ended and not self._file.gaps:
            self._lose("it has no mark of its end, as if it had been cut")


def read_at(path: Path, size: int, offset: int) -> bytes:
    """Return the content of a member of a tar that is not compressed; thread-safe.

    Raises:
        OSError: It cannot be read, or the tar ends before.
    """
    if isinstance(path, RemoteFile):
        data = path.read_range(offset, size)
    else:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(size)
    if len(data) < size:
        raise OSError("the archive ends before this member does")
    return data
