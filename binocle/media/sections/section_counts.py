"""Files of millions of sections, refused before a decoder goes from one to the next.

Pillow reads segments of JPEG, chunks of PNG and blocks of GIF one by one, in Python: 45 MB of the
smallest take it up to a minute, and are 3 KB in a picture. libjpeg goes over all pixels with each
scan. What is counted here is what such a loop would do, in as few steps, and no further than the
limit: of a picture as cameras and programs write them, some dozen.

Sources: ITU-T T.81, annex B; PNG (third edition), 5; GIF89a, 12 to 26; what libjpeg-turbo's
``djpeg -maxscans`` guards against.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from binocle.errors import PictureError

MOST_SECTIONS = 50_000
MOST_SCANS = 200
_SMALL_BYTES = 512  # of pixels, in one chunk: smaller ones count
_FILL = re.compile(rb"\xff+")
_PROGRESSIVE, _SCAN, _OVER = (0xC2, 0xC6, 0xCA, 0xCE), 0xDA, 0xD9
_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # of pictures: how many colours
_ANY = 256  # colours, more than a scan has: others follow
_ALONE = frozenset((0x00, 0x01, *range(0xD0, 0xDA)))  # markers without a length
_NEXT = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # marker that is not part of a scan
_EXTENSION, _FRAME, _END = 0x21, 0x2C, 0x3B


def check_sections(data: bytes) -> None:
    """Refuse a file of more sections, or scans, than a picture has.

    Raises:
        PictureError: It has too many.
    """
    counted = next((count for magic, count in _COUNTS.items() if data.startswith(magic)), None)
    if counted is None:
        return
    sections = 0
    for weight in counted(data):
        sections += weight
        if sections > MOST_SECTIONS:
            raise PictureError(
                f"the picture is damaged (it has more than {MOST_SECTIONS:,} sections)"
            )


def _of_jpeg(data: bytes) -> Iterator[int]:
    """Yield for each step to the first scan, and where more may follow to the last, what it counts.

    Raises:
        PictureError: It has too many scans.
    """
    place, end, colours = 2, len(data), 0
    while place + 4 <= end:
        if data[place] != 0xFF:
            found = data.find(b"\xff", place)
            yield (found if found >= 0 else end) - place
            if found < 0:
                return
            place = found
            continue
        fill = _FILL.match(data, place)
        assert fill is not None
        yield fill.end() - place
        place = fill.end() + 1
        marker = data[place - 1] if place <= end else 0
        if marker in _PROGRESSIVE:
            colours = _ANY
        elif marker in _HEADERS:
            colours = int.from_bytes(data[place + 7 : place + 8])
        if marker == _SCAN:
            if int.from_bytes(data[place + 2 : place + 3]) < colours:
                yield from _of_scans(data, fill.end() - 1)
            return
        if marker not in _ALONE:
            place += max(2, int.from_bytes(data[place : place + 2]))


def _of_scans(data: bytes, place: int) -> Iterator[int]:
    """Yield 1 for each marker from the first scan to the end of the picture."""
    scans = 0
    while (found := _NEXT.search(data, place)) is not None and data[found.end() - 1] != _OVER:
        yield 1
        place = found.end()
        scans += data[place - 1] == _SCAN
        if scans > MOST_SCANS:
            raise PictureError(f"the picture is damaged (more than {MOST_SCANS} scans)")
        if data[place - 1] not in _ALONE:
            place += max(2, int.from_bytes(data[place : place + 2]))


def _of_png(data: bytes) -> Iterator[int]:
    place, end = 8, len(data)
    while place + 12 <= end:
        size, kind = int.from_bytes(data[place : place + 4]), data[place + 4 : place + 8]
        if kind == b"IEND":
            return
        yield int(kind != b"IDAT" or size < _SMALL_BYTES)
        place += 12 + size


def _of_gif(data: bytes) -> Iterator[int]:
    """Yield for each step to the first frame what it counts."""
    for is_frame in _gif_steps(data):
        if is_frame:
            return
        yield 1


def frames_of_gif(data: bytes, most: int) -> int:
    """Return how many frames a GIF has, counting no further than asked; at least 1."""
    return max(1, sum(1 for _ in islice(filter(None, _gif_steps(data)), most)))


def _gif_steps(data: bytes) -> Iterator[bool]:
    """Yield for each block, and each piece of one, whether a frame begins."""
    end = len(data)
    place = 13 + _table_bytes(data[10]) if end >= 13 else end
    while place < end and data[place] != _END:
        kind = data[place]
        yield kind == _FRAME
        place += 1
        if kind == _EXTENSION:
            place += 1  # its label
        elif kind == _FRAME and place + 9 < end:
            place += 10 + _table_bytes(data[place + 8])  # where it lies; how wide its codes are
        else:
            continue
        while place < end and data[place]:
            yield False
            place += 1 + data[place]
        place += 1


def _table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


_COUNTS: Mapping[bytes, Callable[[bytes], Iterator[int]]] = {
    b"\xff\xd8": _of_jpeg,
    b"\x89PNG\r\n\x1a\n": _of_png,
    b"GIF8": _of_gif,
}
