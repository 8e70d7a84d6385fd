"""RAW files by the preview that the camera put into them: ``pip install 'binocle[raw]'``.

The preview is what the camera's own screen shows; LibRaw finds it, and nothing is developed. Many
RAW files are TIFFs whose first picture is small, which tells them from others: DNG by its version
(Adobe DNG 1.7), the rest by a first picture of reduced size beside others (TIFF 6.0, tags 254 and
330).
"""

import io
import struct
from importlib.util import find_spec

import numpy as np
from PIL import Image

from binocle.errors import NotAPictureError

SUFFIXES = (
    ".dng", ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw",
)  # fmt: skip
_MARKS = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\x00")
_TIFF = {b"II*\x00": "<", b"MM\x00*": ">"}
_REDUCED, _OTHERS, _DNG = 254, 330, 50706
_MOST_TAGS = 500


def is_raw(data: bytes) -> bool:
    """Tell whether a file is a camera's RAW file by how it begins."""
    if data.startswith(_MARKS) or data[4:12] == b"ftypcrx " or data[8:10] == b"CR":
        return True
    tags = _first_tags(data)
    return _DNG in tags or (_OTHERS in tags and tags.get(_REDUCED, 0) & 1 == 1)


def can_read_raw() -> bool:
    """Tell whether what reads RAW files is installed."""
    return find_spec("rawpy") is not None


def preview_of(data: bytes) -> bytes | Image.Image:
    """Return the preview of a RAW file: a JPEG, or pixels.

    Raises:
        NotAPictureError: What reads RAW files is not installed, or the file has no preview.
        Exception: Whatever LibRaw raises of a damaged file.
    """
    try:
        import rawpy
    except ImportError as error:
        raise NotAPictureError(
            "the preview of a RAW file is read where rawpy is installed: pip install 'binocle[raw]'"
        ) from error
    with rawpy.imread(io.BytesIO(data)) as raw:
        try:
            preview = raw.extract_thumb()
        except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError) as error:
            raise NotAPictureError("the RAW file has no preview that can be read") from error
    if preview.format == rawpy.ThumbFormat.JPEG:
        return bytes(preview.data)
    return Image.fromarray(np.asarray(preview.data))


def _first_tags(data: bytes) -> dict[int, int]:
    """Return the tags of a TIFF's first picture, each with its first value where that is short."""
    order = _TIFF.get(data[:4])
    if order is None or len(data) < 8:
        return {}
    place = struct.unpack_from(f"{order}I", data, 4)[0]
    if place + 2 > len(data):
        return {}
    count = min(struct.unpack_from(f"{order}H", data, place)[0], _MOST_TAGS)
    tags = {}
    for at in range(place + 2, place + 2 + 12 * count, 12):
        if at + 12 > len(data):
            break
        tag, kind, _, long = struct.unpack_from(f"{order}HHII", data, at)
        tags[tag] = struct.unpack_from(f"{order}H", data, at + 8)[0] if kind == 3 else long
    return tags
