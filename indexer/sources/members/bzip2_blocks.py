"""The blocks of a damaged bzip2 file, each unpacked alone: a bad one costs only itself.

A block begins with 48 bits that are nothing else but by chance, at any bit of the file, and needs
nothing of the blocks before it. Source: ``bzip2recover`` of https://sourceware.org/bzip2/.
"""

import bz2
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path

_MARK_BITS = 48
_BLOCK = 0x314159265359
_END = 0x177245385090  # then the checksum of all blocks, and zeros up to a whole byte
_HEADER_BYTES = 4  # of a stream
_READ_BYTES = 1024 * 1024
_MAX_BLOCK_BYTES = 4 * 1024 * 1024  # 900,000 symbols of 20 bits, and their tables


@dataclass(frozen=True, slots=True)
class Gap:
    """What cannot be unpacked.

    Attributes:
        size_bytes: How much of the compressed file.
    """

    size_bytes: int


def unpacked_blocks(path: Path) -> Iterator[bytes | Gap]:
    """Yield what the blocks of a bzip2 file hold, and a gap for each that is damaged.

    Raises:
        OSError: The file cannot be read.
    """
    size = path.stat().st_size
    begin, end = (8 * _HEADER_BYTES, _BLOCK), (8 * size, _END)
    with path.open("rb") as file:
        for (start, mark), (stop, _) in pairwise(chain([begin], _marks(path), [end])):
            if mark != _BLOCK or stop <= start:
                continue
            first, last = start // 8, (stop + 7) // 8
            if last - first > _MAX_BLOCK_BYTES:
                yield Gap(last - first)
                continue
            file.seek(first)
            bits = int.from_bytes(file.read(last - first)) >> (-stop % 8)
            yield _unpacked(bits & ((1 << (stop - start)) - 1), stop - start)


def _unpacked(block: int, length: int) -> bytes | Gap:
    """Return what a block holds: as the only one of a file it is, at most 46 MB."""
    checksum = (block >> max(0, length - _MARK_BITS - 32)) & 0xFFFFFFFF
    stream = (block << _MARK_BITS | _END) << 32 | checksum
    length += _MARK_BITS + 32
    packed = (stream << (-length % 8)).to_bytes((length + 7) // 8)
    try:
        return bz2.decompress(b"BZh9" + packed)
    except (OSError, EOFError, ValueError):
        return Gap(length // 8)


def _marks(path: Path) -> Iterator[tuple[int, int]]:
    """Yield the bits at which blocks and ends of streams begin, and which of both."""
    last, base, data = -1, 0, b""
    with path.open("rb") as file:
        while more := file.read(_READ_BYTES):
            data += more
            for bit, mark in sorted(_marks_in(data)):
                if 8 * base + bit > last:
                    last = 8 * base + bit
                    yield last, mark
            kept = data[-(_MARK_BITS // 8) :]  # one may begin there
            base, data = base + len(data) - len(kept), kept


def _marks_in(data: bytes) -> Iterator[tuple[int, int]]:
    for mark in (_BLOCK, _END):
        for shift in range(8):
            # The mark as it lies in 7 bytes: those that are wholly its own are looked for.
            seven = (mark << (8 - shift)).to_bytes(7)
            first = 1 if shift else 0
            own = seven[first:6]
            place = data.find(own)
            while place >= 0:
                start = place - first
                around = int.from_bytes(data[max(0, start) : start + 7].ljust(7, b"\0"))
                if start >= 0 and (around >> (8 - shift)) & ((1 << _MARK_BITS) - 1) == mark:
                    yield 8 * start + shift, mark
                place = data.find(own, place + 1)
