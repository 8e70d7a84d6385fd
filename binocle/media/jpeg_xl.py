"""JPEG XL, where the plugin for it is installed: ``pip install 'binocle[jxl]'``.

The plugin decodes as it opens, so a picture's header alone cannot be had; a decoder process has
limits of memory and time. A picture is turned by its codestream (ISO/IEC 18181-1, 6.2), not by
EXIF, but for a JPEG that was packed without loss and is unpacked as it was.
"""

import io
from importlib.util import find_spec

from PIL import Image

from binocle.errors import NotAPictureError

FORMAT = "JXL"
_MARKS = (b"\xff\x0a", b"\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a")


def is_jpeg_xl(data: bytes) -> bool:
    """Tell whether a file begins as JPEG XL does: its codestream, or a container of one."""
    return data.startswith(_MARKS)


def can_read_jpeg_xl() -> bool:
    """Tell whether the plugin is installed."""
    return find_spec("pillow_jxl") is not None


def open_jpeg_xl(data: bytes) -> Image.Image:
    """Return a picture, decoded.

    Raises:
        NotAPictureError: The plugin is not installed.
        Exception: Whatever the plugin raises of a damaged file.
    """
    try:
        from pillow_jxl import JpegXLImagePlugin
    except ImportError as error:
        raise NotAPictureError(
            "JPEG XL is read where its plugin is installed: pip install 'binocle[jxl]'"
        ) from error
    JpegXLImagePlugin.DECODE_THREADS = 0  # one picture a core
    return Image.open(io.BytesIO(data), formats=(FORMAT,))


def is_turned_by_exif(image: Image.Image) -> bool:
    """Tell whether EXIF says how a picture is to be turned, and nothing has turned it yet."""
    return image.format != FORMAT or bool(getattr(image, "jpeg", False))
