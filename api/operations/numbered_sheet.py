"""Several pictures as one, each with its number: what a model looks at instead of many."""

import io
import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

SIDE = 320  # of a tile, at most; that of the smallest thumbnails
_WIDEST = 1536  # models shrink what is larger
_LEAST = 128  # so that the numbers leave room
_GAP = 4
_QUALITY = 82
_PAPER, _WHITE, _INK, _NOTHING = (205, 205, 205), (255, 255, 255), (0, 0, 0), (160, 160, 160)


def numbered_sheet(tiles: Sequence[tuple[int, bytes | None]]) -> bytes:
    """Return a contact sheet as JPEG, at most 1,536 pixels wide, in rows from the left top.

    Args:
        tiles: At least one: a number of its own, drawn in the tile's corner, and a small encoded
            picture that can be trusted, as a thumbnail; None for a tile without a picture.
    """
    columns = min(len(tiles), math.ceil(math.sqrt(len(tiles) * 1.25)))
    rows = math.ceil(len(tiles) / columns)
    most = min(SIDE, (_WIDEST - _GAP) // columns - _GAP)
    small = {number: _fitted(picture, most) for number, picture in tiles if picture is not None}
    longest = max((max(one.size) for one in small.values()), default=_LEAST)
    side = min(most, max(longest, _LEAST))  # no larger than the largest picture needs
    step = side + _GAP
    sheet = Image.new("RGB", (columns * step + _GAP, rows * step + _GAP), _PAPER)
    drawing = ImageDraw.Draw(sheet)
    for place, (number, _) in enumerate(tiles):
        left, top = _GAP + place % columns * step, _GAP + place // columns * step
        one = small.get(number)
        if one is None:
            drawing.rectangle((left, top, left + side - 1, top + side - 1), fill=_NOTHING)
        else:
            sheet.paste(one, (left + (side - one.width) // 2, top + (side - one.height) // 2))
        _write(drawing, left, top, str(number))
    file = io.BytesIO()
    sheet.save(file, "JPEG", quality=_QUALITY, optimize=True)
    return file.getvalue()


def _fitted(picture: bytes, side: int) -> Image.Image:
    """Return a picture that fits into a tile; none is made larger."""
    with Image.open(io.BytesIO(picture)) as opened:
        small = opened.convert("RGB")
    small.thumbnail((side, side))
    return small


def _write(drawing: ImageDraw.ImageDraw, left: int, top: int, text: str) -> None:
    """Write a number on a box of its own, so that it can be read on any picture."""
    font = ImageFont.load_default(26)
    _, _, width, height = drawing.textbbox((0, 0), text, font=font)
    box = (left, top, left + width + 10, top + height + 8)
    drawing.rectangle(box, fill=_INK, outline=_WHITE)
    drawing.text((left + 5, top + 2), text, font=font, fill=_WHITE)
