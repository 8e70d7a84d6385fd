"""The members of a zip whose list of members, at its end, is cut away or damaged.

Each member also has a header before it (PKWARE, APPNOTE.TXT 6.3, section 4.3.7), so what lies
before the cut is found by walking from header to header. Programs that write as they go put the
length of a member behind it; there the packed data itself tells where it ends, and where it cannot
(stored, encrypted, damaged), the length behind it does, which is as far from its beginning as it
says. Where no header is, the next one that looks sound is searched for.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_HEADER = struct.Struct("<4s5H3L2H")
_HEADER_MARK, _DESCRIPTOR_MARK = b"PK\x03\x04", b"PK\x07\x08"
_LENGTHS = struct.Struct("<2Q")  # unpacked and packed, of a member beyond 4 GiB
_BEYOND, _LENGTHS_ID = 0xFFFFFFFF, 1
_ENCRYPTED, _LENGTH_BEHIND, _UTF_8 = 1, 8, 0x800
_STORED, _DEFLATED = 0, 8
_LIST_MARK = b"PK\x01\x02"
_NEWEST_VERSION, _LAST_METHOD = 63, 99  # that APPNOTE.TXT knows
_LONGEST_HEAD = 1024  # with its name
_MOST_GAPS = 1000  # damaged places; each is searched for the next header
_FIRST_PIECE_BYTES, _PIECE_BYTES = 4096, 1024 * 1024  # most members are small, each is read anew
_DESCRIPTOR = struct.Struct("<4s3L")  # marked; packed and unpacked length may have 8 bytes each


@dataclass(frozen=True, slots=True)
class CutMember:
    """A member that is there whole.

    Attributes:
        name: Its path in the zip.
        size_bytes: Of its content.
        crc: CRC-32 of its content.
        flags: Of its header.
        method: How it is packed.
        place: Where its packed content begins.
        packed_bytes: How long that is.
    """

    name: str
    size_bytes: int
    crc: int
    flags: int
    method: int
    place: int
    packed_bytes: int


def is_zip(path: Path) -> bool:
    """Tell whether a file begins as a zip does.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return file.read(len(_HEADER_MARK)) == _HEADER_MARK


def cut_members(path: Path, most_bytes: int) -> Iterator[CutMember]:
    """Yield what is whole before the cut; folders, too. A damaged header costs its own member.

    Args:
        path: The zip.
        most_bytes: How much may be unpacked to find where members end.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        place: int | None = 0
        gaps = 0
        while place is not None and gaps <= _MOST_GAPS:
            member = _member_at(file, place, most_bytes)
            if member is None or member.place + member.packed_bytes > size:
                place, gaps = _next_header(file, place), gaps + 1
                continue
            yield member
            place = member.place + member.packed_bytes
            if member.flags & _LENGTH_BEHIND:
                place = _end_of_descriptor(file, place)
                most_bytes -= member.size_bytes


def read_cut(path: Path, member: CutMember) -> bytes:
    """Return a member's content.

    Raises:
        OSError: It is damaged, encrypted, or packed in a way that is not known here.
    """
    if member.flags & _ENCRYPTED:
        raise OSError("it is encrypted")
    if member.method not in (_STORED, _DEFLATED):
        raise OSError(f"it is packed with method {member.method}, which only a whole zip allows")
    if member.packed_bytes > 1024 + member.size_bytes * 1.01:
        raise OSError("it is damaged (packed, it is longer than its content)")
    with path.open("rb") as file:
        file.seek(member.place)
        packed = file.read(member.packed_bytes)
    try:
        unpacking = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        data = packed
        if member.method == _DEFLATED:
            data = unpacking.decompress(packed, member.size_bytes + 1)
    except zlib.error as error:
        raise OSError(f"it is damaged ({error})") from error
    if len(data) != member.size_bytes or zlib.crc32(data) != member.crc:
        raise OSError("it is damaged (its length or checksum is another)")
    return data


def _member_at(file: BinaryIO, place: int, most_bytes: int) -> CutMember | None:
    """Return the member whose header is at a place; None where none is, or none that ends."""
    file.seek(place)
    head = file.read(_HEADER.size)
    if len(head) < _HEADER.size or not head.startswith(_HEADER_MARK):
        return None
    _, _, flags, method, _, _, crc, packed, size, name_bytes, extra_bytes = _HEADER.unpack(head)
    name, extra = file.read(name_bytes), file.read(extra_bytes)
    if len(name) < name_bytes or len(extra) < extra_bytes:
        return None
    begin = place + _HEADER.size + name_bytes + extra_bytes
    if _BEYOND in (packed, size):
        size, packed = _long_lengths(extra) or (size, packed)
    if flags & _LENGTH_BEHIND:
        is_plain = method == _DEFLATED and not flags & _ENCRYPTED
        measure = _measured if is_plain else _told_behind
        measured = measure(file, begin, most_bytes)
        if measured is None:
            return None
        packed, size, crc = measured
    text = name.decode("utf-8" if flags & _UTF_8 else "cp437", "replace")
    return CutMember(text, size, crc, flags, method, begin, packed)


def _next_header(file: BinaryIO, place: int) -> int | None:
    """Return where the next header behind a place is that looks sound; None for none.

    Behind the last member is the list of them; what begins it is no damage. Nor are the headers
    of a zip within its own: where a member that is one does not end, nothing is searched for.
    """
    file.seek(place)
    head = file.read(_LONGEST_HEAD)
    if head.startswith(_LIST_MARK):
        return None
    begin, held = place + 1, b""
    if head.startswith(_HEADER_MARK) and _is_sound(head):
        *_, name_bytes, extra_bytes = _HEADER.unpack_from(head)
        begin = place + _HEADER.size + name_bytes + extra_bytes
        file.seek(begin)
        if file.read(len(_HEADER_MARK)) == _HEADER_MARK:
            return None
    for piece in _pieces(file, begin):
        held += piece
        found = held.find(_HEADER_MARK)
        while 0 <= found <= len(held) - _LONGEST_HEAD:
            if _is_sound(held[found : found + _LONGEST_HEAD]):
                return begin + found
            found = held.find(_HEADER_MARK, found + 1)
        dropped = max(0, len(held) - _LONGEST_HEAD) if found < 0 else found
        begin, held = begin + dropped, held[dropped:]
    ends = (at for at in range(len(held)) if held.startswith(_HEADER_MARK, at))
    return next((begin + at for at in ends if _is_sound(held[at:])), None)


def _is_sound(head: bytes) -> bool:
    """Tell whether bytes are a header: of a known version, with a name that is one."""
    if len(head) < _HEADER.size:
        return False
    _, version, _, method, *_, name_bytes, _ = _HEADER.unpack_from(head)
    name = head[_HEADER.size : _HEADER.size + name_bytes]
    is_name = 0 < name_bytes < _LONGEST_HEAD - _HEADER.size and min(name, default=0) >= 32
    return version & 0xFF <= _NEWEST_VERSION and method <= _LAST_METHOD and is_name


def _long_lengths(extra: bytes) -> tuple[int, int] | None:
    """Return the lengths, unpacked and packed, of a member beyond 4 GiB; None where they lack."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == _LENGTHS_ID and length >= _LENGTHS.size and len(extra) >= 4 + _LENGTHS.size:
            size, packed = _LENGTHS.unpack_from(extra, 4)
            return size, packed
        extra = extra[4 + length :]
    return None


def _measured(file: BinaryIO, begin: int, most_bytes: int) -> tuple[int, int, int] | None:
    """Return a deflated member's length, packed and unpacked, and CRC-32; None where it is cut."""
    unpacking = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    taken = size = crc = 0
    try:
        for read in _pieces(file, begin):
            taken, fed = taken + len(read), read
            while fed and not unpacking.eof:
                piece = unpacking.decompress(fed, _PIECE_BYTES)
                fed = unpacking.unconsumed_tail
                size, crc = size + len(piece), zlib.crc32(piece, crc)
                if size > most_bytes:
                    return None
            if unpacking.eof:
                break
    except zlib.error:
        return _told_behind(file, begin, most_bytes)
    if not unpacking.eof:
        return None
    packed = taken - len(unpacking.unused_data)
    file.seek(begin + packed)
    following = file.read(8)
    if following.startswith(_DESCRIPTOR_MARK) and len(following) == 8:
        crc = int.from_bytes(following[4:], "little")
    return packed, size, crc


def _told_behind(file: BinaryIO, begin: int, most_bytes: int) -> tuple[int, int, int] | None:
    """Return the same by what is behind a member; its length is the packed one, as if stored."""
    passed, held = 0, b""
    for piece in _pieces(file, begin):
        held += piece
        place = held.find(_DESCRIPTOR_MARK)
        while 0 <= place <= len(held) - _DESCRIPTOR.size:
            _, crc, packed, _ = _DESCRIPTOR.unpack_from(held, place)
            if packed == (passed + place) & _BEYOND:
                return passed + place, passed + place, crc
            place = held.find(_DESCRIPTOR_MARK, place + 1)
        dropped = max(0, len(held) - _DESCRIPTOR.size + 1)
        passed, held = passed + dropped, held[dropped:]
        if passed > most_bytes:
            return None
    return None


def _pieces(file: BinaryIO, begin: int) -> Iterator[bytes]:
    """Yield a file from a place on, in pieces that grow."""
    file.seek(begin)
    length = _FIRST_PIECE_BYTES
    while piece := file.read(length):
        yield piece
        length = min(2 * length, _PIECE_BYTES)


def _end_of_descriptor(file: BinaryIO, place: int) -> int:
    """Return where what tells a member's length, behind it, ends: 12 or 20 bytes, marked or not."""
    file.seek(place)
    following = file.read(28)
    marked = len(_DESCRIPTOR_MARK) if following.startswith(_DESCRIPTOR_MARK) else 0
    return place + marked + (12 if following[marked + 12 :].startswith(_HEADER_MARK) else 20)
