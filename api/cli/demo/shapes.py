"""Simple drawings of things, each around the middle of its lower edge, and all of them by name."""

from collections.abc import Callable
from types import MappingProxyType

from PIL import ImageDraw

from api.cli.demo.figures import Colour, bird, cat, dog, fish, horse, person, woman

Draw = Callable[[ImageDraw.ImageDraw, int, int, int, Colour], None]
_DARK = "#2b2420"


def tree(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw a tree with a crown of a colour."""
    canvas.rectangle((x - size // 14, y - size // 2, x + size // 14, y), fill="#6b4423")
    for left, top in ((-4, 10), (-1, 9), (-3, 12)):
        canvas.ellipse(
            (
                x + left * size // 10,
                y - top * size // 12,
                x + (left + 5) * size // 10,
                y - (top - 6) * size // 12,
            ),
            fill=colour,
        )


def fir(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw a fir."""
    canvas.rectangle((x - size // 16, y - size // 5, x + size // 16, y), fill="#6b4423")
    for level in range(3):
        top, half = y - size + level * size // 4, size * (level + 2) // 12
        canvas.polygon(
            [(x, top), (x - half, top + size * 2 // 5), (x + half, top + size * 2 // 5)],
            fill=colour,
        )


def flower(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw a flower."""
    canvas.line((x, y, x, y - size * 2 // 3), fill="#2e7d32", width=max(3, size // 14))
    for across, up in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        middle = (x + across * size // 6, y - size * 3 // 4 + up * size // 6)
        canvas.ellipse(
            (
                middle[0] - size // 6,
                middle[1] - size // 6,
                middle[0] + size // 6,
                middle[1] + size // 6,
            ),
            fill=colour,
        )
    canvas.ellipse(
        (x - size // 9, y - size * 31 // 36, x + size // 9, y - size * 23 // 36), fill="#ffd23f"
    )


def house(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw a house with a red roof."""
    canvas.rectangle((x - size // 2, y - size * 3 // 5, x + size // 2, y), fill=colour)
    canvas.polygon(
        [
            (x - size * 3 // 5, y - size * 3 // 5),
            (x, y - size),
            (x + size * 3 // 5, y - size * 3 // 5),
        ],
        fill="#a33b2c",
    )
    canvas.rectangle((x - size // 10, y - size // 3, x + size // 10, y), fill="#5d4023")
    for side in (-1, 1):
        canvas.rectangle(
            (
                x + side * size // 3 - size // 12,
                y - size // 2,
                x + side * size // 3 + size // 12,
                y - size // 3,
            ),
            fill="#ffe9a8",
        )


def car(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw a car."""
    canvas.rounded_rectangle(
        (x - size // 2, y - size * 2 // 5, x + size // 2, y - size // 10), size // 14, fill=colour
    )
    canvas.polygon(
        [
            (x - size // 3, y - size * 2 // 5),
            (x - size // 5, y - size * 3 // 5),
            (x + size // 5, y - size * 3 // 5),
            (x + size // 3, y - size * 2 // 5),
        ],
        fill=colour,
    )
    canvas.rectangle(
        (x - size // 5, y - size * 11 // 20, x + size // 5, y - size * 2 // 5), fill="#cfe8f5"
    )
    _wheels(canvas, x, y, size, size // 9)


def bus(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw a bus with windows."""
    canvas.rounded_rectangle(
        (x - size // 2, y - size // 2, x + size // 2, y - size // 12), size // 20, fill=colour
    )
    for place in range(5):
        left = x - size * 9 // 20 + place * size * 9 // 50
        canvas.rectangle(
            (left, y - size * 9 // 20, left + size // 7, y - size * 3 // 10), fill="#cfe8f5"
        )
    _wheels(canvas, x, y, size, size // 12)


def bicycle(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw a bicycle."""
    for side in (-1, 1):
        middle = x + side * size // 3
        canvas.ellipse(
            (middle - size // 4, y - size // 2, middle + size // 4, y),
            outline="black",
            width=max(3, size // 24),
        )
    canvas.line(
        (
            x - size // 3,
            y - size // 4,
            x,
            y - size // 4,
            x + size // 4,
            y - size * 3 // 5,
            x - size // 8,
            y - size * 3 // 5,
            x,
            y - size // 4,
        ),
        fill=colour,
        width=max(3, size // 20),
    )


def boat(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw a boat with a sail of a colour."""
    canvas.polygon(
        [
            (x - size // 2, y - size // 4),
            (x + size // 2, y - size // 4),
            (x + size // 3, y),
            (x - size // 3, y),
        ],
        fill="#6b3f1d",
    )
    canvas.polygon(
        [(x, y - size), (x, y - size * 3 // 10), (x + size * 2 // 5, y - size * 3 // 10)],
        fill=colour,
    )
    canvas.line((x, y - size, x, y - size // 4), fill=_DARK, width=3)


def ball(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw a ball, a sun, a fruit."""
    canvas.ellipse((x - size // 2, y - size, x + size // 2, y), fill=colour)


def balloon(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw a balloon on a string."""
    canvas.line((x, y, x, y - size // 2), fill=_DARK, width=2)
    canvas.ellipse((x - size // 4, y - size, x + size // 4, y - size * 2 // 5), fill=colour)


def umbrella(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw an umbrella."""
    canvas.line((x, y, x, y - size), fill=_DARK, width=max(3, size // 20))
    canvas.pieslice((x - size // 2, y - size, x + size // 2, y), 180, 360, fill=colour)


def mountain(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw a mountain with snow on it."""
    canvas.polygon([(x, y - size), (x - size * 4 // 5, y), (x + size * 4 // 5, y)], fill=colour)
    canvas.polygon(
        [(x, y - size), (x - size // 4, y - size * 7 // 10), (x + size // 4, y - size * 7 // 10)],
        fill="white",
    )


def cake(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw a cake with candles."""
    canvas.rectangle((x - size // 2, y - size * 2 // 5, x + size // 2, y), fill=colour)
    canvas.rectangle(
        (x - size // 2, y - size // 2, x + size // 2, y - size * 2 // 5), fill="#fff3e0"
    )
    for place in (-1, 0, 1):
        left = x + place * size // 4
        canvas.rectangle((left - 3, y - size * 3 // 4, left + 3, y - size // 2), fill="#4a90d9")
        canvas.ellipse((left - 5, y - size * 9 // 10, left + 5, y - size * 3 // 4), fill="#ff9800")


def cloud(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw a cloud, a sheep's wool, a snowman's ball."""
    for left, top in ((-6, 5), (-3, 8), (0, 6)):
        canvas.ellipse(
            (x + left * size // 12, y - top * size // 12, x + (left + 6) * size // 12, y),
            fill=colour,
        )


def _wheels(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, radius: int) -> None:
    for side in (-1, 1):
        middle = x + side * size * 3 // 10
        canvas.ellipse((middle - radius, y - 2 * radius, middle + radius, y), fill="#111111")


SHAPES = MappingProxyType[str, Draw](
    {
        one.__name__: one
        for one in (
            person, woman, dog, cat, horse, bird, fish, tree, fir, flower, house, car, bus,
            bicycle, boat, ball, balloon, umbrella, mountain, cake, cloud,
        )
    }
)  # fmt: skip
