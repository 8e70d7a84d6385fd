"""Compressed files as a stream of small pieces, up to the place where they are damaged."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from indexer.sources.members.bzip2_blocks import Gap, unpacked_blocks

_READ_BYTES = 1024 * 1024
_FED_BYTES = 1024  # what is lost before a damaged place is what these unpack to
_SUMS_BYTES = 64  # the end of a gzip or xz file, which is checked when all else is out
_PIECE_BYTES = 1024 * 1024  # the most that is unpacked at once
_HELD_PIECES = 64  # and that is held back: a block of bzip2 is 46 MB at most
_XZ_MEMORY_BYTES = 256 * 1024 * 1024  # xz -9 needs 65 MiB; a hostile header asks for 4 GiB
MIN_UNPACKED_BYTES = 1024**3  # what any archive may unpack to
_MAX_GAPS = 1_000
MAX_RATIO = 100  # and how many times its size: pictures hardly shrink, captions to a tenth


class DamagedStreamError(Exception):
    """A compressed file cannot be read on from here; what came before is good."""


class EndlessStreamError(DamagedStreamError):
    """It unpacks to more than it may."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Deflated:
    """zlib's object with the attributes that those of bz2 and lzma have; checks gzip's sums."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail and not self.eof

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


_KINDS: tuple[tuple[bytes, Callable[[], _Decompressor]], ...] = (
    (b"\x1f\x8b", _Deflated),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\x00", lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY_BYTES)),
)


def is_compressed(path: Path) -> bool:
    """Tell whether a file is one that ``unpacked`` reads.

    Raises:
        OSError: It cannot be read.
    """
    return _kind_of(path) is not None


def unpacked(path: Path) -> Iterator[bytes]:
    """Yield what a gzip, bzip2 or xz file holds, all streams of it, in pieces of at most 1 MiB.

    Raises:
        DamagedStreamError: The rest cannot be read: it is damaged, cut, has another checksum than
            it should, or is more than the file may unpack to.
        OSError: The file cannot be read.
    """
    kind = _kind_of(path)
    assert kind is not None
    limit, given = _limit(path), 0
    for piece in _pieces(path, kind):
        given += len(piece)
        _check(given, limit)
        yield piece


def unpacked_behind_damage(path: Path, given: int) -> Iterator[bytes | Gap]:
    """Yield the rest of what ``unpacked`` could not read to its end, and gaps for what is damaged.

    Args:
        path: The file; of one that is no bzip2 nothing is yielded.
        given: How many bytes were unpacked before.

    Raises:
        DamagedStreamError: It is more than the file may unpack to, or has too many gaps.
        OSError: The file cannot be read.
    """
    if _kind_of(path) is not bz2.BZ2Decompressor:
        return
    limit, count, gaps = _limit(path), 0, 0
    for piece in unpacked_blocks(path):
        if isinstance(piece, Gap):
            gaps += 1
            if gaps > _MAX_GAPS:
                raise DamagedStreamError(f"it is damaged in more than {_MAX_GAPS} places")
            given = 0
            yield piece
            continue
        count += len(piece)
        _check(count, limit)
        new = piece[given:]
        given -= len(piece) - len(new)
        if new:
            yield new


def _limit(path: Path) -> int:
    return max(MIN_UNPACKED_BYTES, MAX_RATIO * path.stat().st_size)


def _check(given: int, limit: int) -> None:
    if given > limit:
        raise EndlessStreamError(
            f"it unpacks to more than the limit of {limit:,} bytes, {MAX_RATIO} times its size "
            "or 1 GiB; if it is sound, unpack it and index the folder"
        )


def _kind_of(path: Path) -> Callable[[], _Decompressor] | None:
    with path.open("rb") as file:
        start = file.read(6)
    return next((kind for magic, kind in _KINDS if start.startswith(magic)), None)


def _pieces(path: Path, kind: Callable[[], _Decompressor]) -> Iterator[bytes]:
    """Yield what is unpacked, of bzip2 a little later: blocks are checked when all is out.

    bz2 gives the first part of a block with the input it was in, and may give the rest, and find
    it damaged, only with the next.
    """
    held: list[bytes] = []
    most_held = _HELD_PIECES if kind is bz2.BZ2Decompressor else 0
    for pieces in _unpacked_pieces(path, kind):
        yield from held
        held = pieces
        if len(held) > most_held:
            yield from held
            held = []
    yield from held


def _unpacked_pieces(path: Path, kind: Callable[[], _Decompressor]) -> Iterator[list[bytes]]:
    """Yield the pieces that each small part of a file unpacks to, or some of very many."""
    stream, is_whole = kind(), False
    for fed in _fed(path):
        data, pieces = fed, list[bytes]()
        while data or not stream.needs_input:
            if is_whole:
                if not data.strip(b"\x00"):  # padding, as tapes have it
                    break
                stream, is_whole = kind(), False
            try:
                piece = stream.decompress(data, _PIECE_BYTES)
            except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
                raise DamagedStreamError(f"it is damaged ({error})") from error
            pieces += [piece] if piece else []
            data = b""
            if stream.eof:
                is_whole, data = True, stream.unused_data
                if not data:
                    break
            if len(pieces) > _HELD_PIECES or kind is not bz2.BZ2Decompressor:
                yield pieces
                pieces = []
        yield pieces
    if not is_whole:
        raise DamagedStreamError("it ends before its content does")


def _fed(path: Path) -> Iterator[bytes]:
    """Yield a file in small pieces, its last bytes one by one: sums stand there."""
    last = max(0, path.stat().st_size - _SUMS_BYTES)
    with path.open("rb") as file:
        while file.tell() < last:
            block = file.read(min(_READ_BYTES, last - file.tell()))
            for start in range(0, len(block), _FED_BYTES):
                yield block[start : start + _FED_BYTES]
            if not block:
                return
        while one := file.read(1):
            yield one
