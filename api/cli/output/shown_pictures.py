"""The pictures of an answer on a terminal.

Each character is the upper half of a cell in one colour before another, which any terminal with
colours can draw. With the extra ``binocle[show]``, terminals that know the graphics of Kitty or
Sixel get the pictures themselves.
"""

import io
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import chain, islice
from typing import Any

from PIL import Image
from rich.console import Console, Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from api.container import Container
from api.terminal import without_controls
from binocle.collection.collection import Collection
from binocle.errors import BinocleError, UsageError
from binocle.media.decoder_pool import DecoderPool
from binocle.types import Hit
from indexer.stored_media import StoredMedia
from search.results.answer import Answer

_WIDEST, _LINES = 40, 14  # cells of a tile
_GAP = 2
_SIDE = 640  # pixels of what is shown as it is
_UPPER_HALF = "▀"


def check_showable(console: Console | None = None) -> None:
    """Refuse to draw where nothing could be seen.

    Raises:
        UsageError: Standard output is no terminal, or has no colours.
    """
    console = console or Console()
    if not console.is_terminal or console.no_color or console.color_system is None:
        raise UsageError(
            "--show draws on a terminal with colours, and this is none; --sheet FILE writes a page"
        )


def show(answer: Answer, collection: Collection, container: Container) -> None:
    """Draw the hits of an answer, best first, numbered as they are listed."""
    console = Console()
    hits = list(chain.from_iterable((hit, *hit.others) for hit in answer.hits))
    image_class = _graphics()
    media = container.media(collection)
    columns = 1 if image_class else max(1, console.width // (_WIDEST + _GAP))
    cells = max(8, min(_WIDEST, console.width // columns - _GAP))
    with container.decoders() as decoders:
        tiles = (
            _tile(number, hit, _picture(hit, media, decoders), cells, image_class)
            for number, hit in enumerate(hits, start=1)
        )
        while row := list(islice(tiles, columns)):
            grid = Table.grid(padding=(0, _GAP, 1, 0))
            grid.add_row(*row)
            console.print(grid if columns > 1 else row[0])


def half_cells(picture: Image.Image, cells: int, lines: int) -> Text:
    """Return a picture drawn with the halves of cells.

    Args:
        picture: RGB.
        cells: How wide at most.
        lines: How high at most; each shows two rows of pixels.
    """
    small = picture.copy()
    small.thumbnail((cells, 2 * lines))
    width, height = small.size
    text = Text(no_wrap=True)
    for upper in range(0, height, 2):
        if upper:
            text.append("\n")
        for x in range(width):
            below = _colour(small, x, upper + 1) if upper + 1 < height else None
            text.append(_UPPER_HALF, Style(color=_colour(small, x, upper), bgcolor=below))
    return text


def _colour(picture: Image.Image, x: int, y: int) -> str:
    return "#{:02x}{:02x}{:02x}".format(*picture.getpixel((x, y)))  # type: ignore[misc]


def _graphics() -> Any:
    """Return what draws real pictures here, None where nothing does.

    Importing it asks the terminal, so it is only imported where something is to be shown.
    """
    if find_spec("textual_image") is None:
        return None
    from textual_image.renderable import Image as Best
    from textual_image.renderable import SixelImage, TGPImage

    return Best if Best in (SixelImage, TGPImage) else None


def _tile(
    number: int, hit: Hit, picture: Image.Image | None, cells: int, image_class: Any
) -> RenderableType:
    told = without_controls(hit.part.text or "(the picture is not there)")
    shown: RenderableType = Text(told[: cells * 4])
    if picture is not None:
        shown = half_cells(picture, cells, _LINES)
        if image_class is not None:
            shown = image_class(picture, width=cells, height="auto")
    rated = "" if hit.relevance is None else f"  {100 * hit.relevance:.0f} %"
    name = without_controls(hit.record.id.rstrip("/").rsplit("/", 1)[-1])
    caption = Text(f"{number}{rated}  {name}", style="dim", no_wrap=True, overflow="ellipsis")
    caption.truncate(cells, overflow="ellipsis")
    return Group(*_fitted(shown, cells), caption)


def _fitted(shown: RenderableType, cells: int) -> Iterator[RenderableType]:
    """Give what is shown as wide as a tile, texts being wrapped."""
    if isinstance(shown, Text) and not shown.no_wrap:
        yield from shown.wrap(Console(width=cells), cells)
    else:
        yield shown


def _picture(hit: Hit, media: StoredMedia, decoders: DecoderPool) -> Image.Image | None:
    """Return a small picture of a hit; None for texts, and for one that moved since."""
    if hit.part.text is not None:
        return None
    try:
        data = decoders.thumbnail(media.read(hit.part.uri), _SIDE).data
    except BinocleError:
        return None
    return Image.open(io.BytesIO(data)).convert("RGB")
