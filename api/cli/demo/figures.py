"""Simple drawings of people and animals, each around the middle of its lower edge."""

from PIL import ImageDraw

Colour = str
_SKIN, _DARK = "#e8b48c", "#2b2420"


def person(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw somebody in a shirt of a colour."""
    head, middle = size // 5, y - size // 2
    for side in (-1, 1):
        canvas.line((x, middle, x + side * size // 8, y), fill="#33415c", width=max(3, size // 9))
        canvas.line(
            (x, y - size * 3 // 4, x + side * size // 4, middle),
            fill=_SKIN,
            width=max(2, size // 14),
        )
    canvas.rounded_rectangle(
        (x - size // 7, y - size * 4 // 5, x + size // 7, middle + size // 12),
        size // 12,
        fill=colour,
    )
    canvas.ellipse((x - head // 2, y - size, x + head // 2, y - size + head), fill=_SKIN)
    canvas.pieslice(
        (x - head // 2, y - size - 2, x + head // 2, y - size + head), 180, 360, fill=_DARK
    )


def woman(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw a woman in a dress of a colour."""
    head = size // 5
    for side in (-1, 1):
        canvas.line(
            (x + side * size // 14, y - size // 4, x + side * size // 14, y),
            fill=_SKIN,
            width=max(2, size // 14),
        )
        canvas.line(
            (x, y - size * 3 // 4, x + side * size // 4, y - size // 2),
            fill=_SKIN,
            width=max(2, size // 14),
        )
    canvas.ellipse(
        (x - head * 7 // 10, y - size - 2, x + head * 7 // 10, y - size * 7 // 10), fill="#5a3a22"
    )
    canvas.ellipse((x - head // 2, y - size, x + head // 2, y - size + head), fill=_SKIN)
    canvas.polygon(
        [
            (x - size // 10, y - size * 4 // 5),
            (x + size // 10, y - size * 4 // 5),
            (x + size // 4, y - size // 5),
            (x - size // 4, y - size // 5),
        ],
        fill=colour,
    )


def _four_legs(
    canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour, leg: int
) -> None:
    for place in (-3, -2, 2, 3):
        canvas.rectangle(
            (x + place * size // 8 - size // 24, y - leg, x + place * size // 8 + size // 24, y),
            fill=colour,
        )
    canvas.ellipse(
        (x - size // 2, y - leg - size * 2 // 5, x + size // 2, y - leg + size // 10), fill=colour
    )


def dog(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw a dog that looks to the right."""
    _four_legs(canvas, x, y, size, colour, size // 4)
    canvas.ellipse(
        (x + size // 4, y - size * 9 // 10, x + size * 2 // 3, y - size // 2), fill=colour
    )
    canvas.ellipse(
        (x + size // 2, y - size * 3 // 4, x + size * 4 // 5, y - size * 11 // 20), fill=colour
    )
    canvas.ellipse(
        (x + size * 3 // 10, y - size * 9 // 10, x + size * 4 // 10, y - size // 2), fill=_DARK
    )
    canvas.ellipse(
        (x + size * 3 // 4, y - size * 14 // 20, x + size * 4 // 5, y - size * 13 // 20),
        fill="black",
    )
    canvas.line(
        (x - size // 2, y - size // 2, x - size * 3 // 4, y - size * 4 // 5),
        fill=colour,
        width=max(3, size // 12),
    )


def cat(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw a sitting cat."""
    canvas.ellipse((x - size // 3, y - size * 2 // 3, x + size // 3, y), fill=colour)
    canvas.ellipse((x - size // 4, y - size, x + size // 4, y - size // 2), fill=colour)
    for side in (-1, 1):
        canvas.polygon(
            [
                (x + side * size // 4, y - size * 11 // 10),
                (x + side * size // 4, y - size * 3 // 4),
                (x + side * size // 16, y - size * 19 // 20),
            ],
            fill=colour,
        )
        canvas.ellipse(
            (
                x + side * size // 9 - 3,
                y - size * 4 // 5,
                x + side * size // 9 + 3,
                y - size * 7 // 10,
            ),
            fill="#3a6b2a",
        )
    canvas.arc(
        (x, y - size // 2, x + size * 3 // 4, y), 270, 90, fill=colour, width=max(3, size // 10)
    )


def horse(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw a horse, a cow or a sheep, by colour and size."""
    _four_legs(canvas, x, y, size, colour, size * 2 // 5)
    canvas.polygon(
        [
            (x + size // 4, y - size * 3 // 5),
            (x + size // 2, y - size * 3 // 5),
            (x + size * 7 // 10, y - size),
            (x + size // 2, y - size * 11 // 10),
        ],
        fill=colour,
    )
    canvas.ellipse((x + size // 2, y - size * 11 // 10, x + size, y - size * 17 // 20), fill=colour)
    canvas.line(
        (x - size // 2, y - size * 3 // 5, x - size * 3 // 5, y - size // 5),
        fill=_DARK,
        width=max(3, size // 14),
    )


def bird(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw a bird on the ground or on the water."""
    canvas.ellipse((x - size // 2, y - size * 3 // 5, x + size // 3, y - size // 10), fill=colour)
    canvas.ellipse((x + size // 8, y - size, x + size // 2, y - size * 3 // 5), fill=colour)
    canvas.polygon(
        [
            (x + size // 2, y - size * 17 // 20),
            (x + size * 7 // 10, y - size * 4 // 5),
            (x + size // 2, y - size * 7 // 10),
        ],
        fill="#f29b1d",
    )


def fish(canvas: ImageDraw.ImageDraw, x: int, y: int, size: int, colour: Colour) -> None:
    """Draw a fish that swims to the right."""
    canvas.ellipse((x - size // 2, y - size // 2, x + size // 2, y), fill=colour)
    canvas.polygon(
        [
            (x - size * 2 // 5, y - size // 4),
            (x - size * 4 // 5, y - size // 2),
            (x - size * 4 // 5, y),
        ],
        fill=colour,
    )
    canvas.ellipse((x + size // 4, y - size * 7 // 20, x + size // 3, y - size // 4), fill="black")
