"""What is drawn over, around and beside pictures: words, logos, frames, collages."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

Random: TypeAlias = np.random.Generator
Change: TypeAlias = Callable[[Image.Image, Random, Image.Image], Image.Image | bytes]

_WORDS = ("THE", "QUICK", "BROWN", "FOX", "JUMPS", "OVER", "A", "LAZY", "DOG", "AT", "NIGHT")


def font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return Pillow's own font, at least 6 pixels high."""
    return ImageFont.load_default(size=max(6.0, size))


def words(random: Random, count: int) -> str:
    """Return so many words in capitals."""
    return " ".join(random.choice(_WORDS, count))


def text_over(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    """Write white words over the top and the bottom."""
    changed = image.copy()
    draw = ImageDraw.Draw(changed)
    for place in (0.06, 0.8):
        draw.text(
            (image.width * 0.05, image.height * place),
            words(random, 3),
            (255, 255, 255),
            font(image.width / 11),
            stroke_width=max(1, image.width // 120),
            stroke_fill=(0, 0, 0),
        )
    return changed


def banner(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    """Cover 8 to 28 % of the height, at the top or the bottom, with a bar that has words on it."""
    changed = image.copy()
    draw = ImageDraw.Draw(changed)
    height = round(image.height * random.uniform(0.08, 0.28))
    top = 0 if random.random() < 0.3 else image.height - height
    dark = random.random() < 0.5
    paper = tuple(int(one) for one in random.integers(*((0, 60) if dark else (180, 256)), 3))
    ink = (250, 230, 60) if dark else (20, 20, 40)
    draw.rectangle((0, top, image.width, top + height), paper)
    draw.text((image.width * 0.04, top + 0.2 * height), words(random, 3), ink, font(0.5 * height))
    return changed


def sticker(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    """Cover 8 to 22 % of the area with a block of one colour, as to hide a face or a name."""
    changed = image.copy()
    area, stretch = random.uniform(0.08, 0.22), random.uniform(0.7, 1.4)
    width, height = image.width * area**0.5 * stretch, image.height * area**0.5 / stretch
    left = random.uniform(0, image.width - width)
    top = random.uniform(0, image.height - height)
    colour = tuple(int(one) for one in random.integers(0, 256, 3))
    box = (left, top, left + width, top + height)
    ImageDraw.Draw(changed).rounded_rectangle(box, min(width, height) / 8, colour)
    return changed


def watermark(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    """Write rows of pale words across."""
    layer = Image.new("RGBA", image.size, (255, 255, 255, 0))
    draw = ImageDraw.Draw(layer)
    for row in range(4):
        draw.text(
            (image.width * random.uniform(-0.1, 0.2), image.height * (0.05 + row * 0.25)),
            "© " + words(random, 3),
            (255, 255, 255, 110),
            font(image.width / 12),
        )
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def logo(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    """Put a logo into a corner."""
    changed = image.copy()
    draw = ImageDraw.Draw(changed)
    side = 0.25 * min(image.size)
    left = random.choice([0.03 * image.width, image.width * 0.97 - side])
    top = random.choice([0.03 * image.height, image.height * 0.97 - side])
    box = (left, top, left + side, top + side)
    draw.rounded_rectangle(box, side / 5, tuple(int(one) for one in random.integers(0, 256, 3)))
    draw.text((left + side * 0.2, top + side * 0.1), "B", (255, 255, 255), font(side * 0.7))
    return changed


def emoji(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    """Put two faces anywhere."""
    changed = image.copy()
    draw = ImageDraw.Draw(changed)
    for _ in range(2):
        side = random.uniform(0.15, 0.3) * min(image.size)
        left = random.uniform(0, image.width - side)
        top = random.uniform(0, image.height - side)

        def at(
            x: float, y: float, left: float = left, top: float = top, side: float = side
        ) -> tuple[float, float]:
            return left + x * side, top + y * side

        draw.ellipse((*at(0, 0), *at(1, 1)), (255, 204, 51))
        draw.ellipse((*at(0.25, 0.25), *at(0.4, 0.45)), (60, 40, 20))
        draw.ellipse((*at(0.6, 0.25), *at(0.75, 0.45)), (60, 40, 20))
        draw.arc((*at(0.2, 0.3), *at(0.8, 0.8)), 20, 160, (60, 40, 20), max(1, round(side / 12)))
    return changed


def screenshot(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    """Put the picture into a window: a title bar, a side bar or a caption, buttons."""
    dark = random.random() < 0.5
    paper, ink = ((24, 26, 30), (210, 210, 210)) if dark else ((248, 248, 250), (40, 40, 40))
    unit = max(image.size) / 20
    left = round(unit * random.choice([0.5, 5.0]))
    top, right, bottom = round(3 * unit), round(unit * 0.5), round(unit * random.uniform(2, 6))
    size = (image.width + left + right, image.height + top + bottom)
    screen = Image.new("RGB", size, paper)
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, size[0], unit * 1.2), tuple((one + 128) // 2 for one in paper))
    for number in range(3):
        draw.ellipse((unit * (0.3 + number), unit * 0.3, unit * (0.9 + number), unit * 0.9), ink)
    draw.text((unit * 4, unit * 0.1), "Photos", ink, font(unit * 0.8))
    draw.text((left, unit * 1.5), words(random, 4), ink, font(unit))
    for row in range(int(bottom // (1.6 * unit))):
        draw.text(
            (left, top + image.height + unit * (0.3 + 1.5 * row)),
            words(random, 6).lower(), ink, font(unit * 0.8),
        )  # fmt: skip
    screen.paste(image, (left, top))
    return screen.resize((round(size[0] * 0.9), round(size[1] * 0.9)), Image.Resampling.BICUBIC)


def meme(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    """Frame it: white or black bands with large words above and below."""
    paper, ink = ((255,) * 3, (0,) * 3) if random.random() < 0.5 else ((0,) * 3, (255,) * 3)
    band = round(image.height * random.uniform(0.15, 0.25))
    framed = Image.new("RGB", (image.width, image.height + 2 * band), paper)
    framed.paste(image, (0, band))
    draw = ImageDraw.Draw(framed)
    for top in (0.2 * band, band * 1.2 + image.height):
        draw.text((image.width * 0.04, top), words(random, 3), ink, font(band * 0.45))
    return framed


def collage(rows: int, columns: int) -> Change:
    """Return a change that makes a picture one tile of so many."""

    def change(image: Image.Image, random: Random, other: Image.Image) -> Image.Image:
        width, height = image.size
        sheet = Image.new("RGB", (columns * width, rows * height), (255, 255, 255))
        place = int(random.integers(0, rows * columns))
        fillers = [other, ImageOps.mirror(other), ImageOps.flip(other), other.rotate(180)]
        for number in range(rows * columns):
            tile = image if number == place else ImageOps.fit(fillers[number], image.size)
            sheet.paste(tile, (number % columns * width, number // columns * height))
        ratio = min(1.0, 640 / max(sheet.size))
        return sheet.resize((round(sheet.width * ratio), round(sheet.height * ratio)))

    return change
