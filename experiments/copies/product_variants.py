"""Two pictures on one template: another colour, words or detail, or a form filled in twice."""

from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np
from PIL import Image, ImageDraw

from experiments.copies.overlays import Random, font

Pair: TypeAlias = tuple[Image.Image, Image.Image]
Vary: TypeAlias = Callable[[Image.Image, Random], Pair]

_GROUND_LEVELS = 24
_LETTERS = np.array(list("ABCDEFGHIKLMNOPRSTUVWabcdefghiklmnoprstuvw0123456789"))


def another_colour(image: Image.Image, random: Random) -> Pair:
    """Paint the thing in the picture, or its commonest colour alone, in another one."""
    values = np.asarray(image, np.float32)
    thing = _thing(values)
    if random.random() < 0.5:
        thing &= _commonest_colour(values, thing, random)
    luma = values @ np.array([0.299, 0.587, 0.114], np.float32)
    own = values[thing].mean(axis=0) if thing.any() else np.zeros(3)
    for _ in range(20):
        colour = random.uniform(15, 225, 3)
        if random.random() < 0.4:
            colour[:] = colour[0]  # black, grey, white
        if np.abs(colour - own).max() > 60:
            break
    middle = max(20.0, float(luma[thing].mean()) if thing.any() else 128.0)
    shading = (
        (luma / middle)[..., None]
        if random.random() < 0.6
        else 1 + (luma[..., None] - middle) / 255
    )
    painted = np.clip(shading * colour, 0, 255)
    soft = cv2.GaussianBlur(thing.astype(np.float32), (0, 0), 0.7)[..., None]
    changed = values + soft * (painted - values)
    return image, Image.fromarray(np.clip(changed, 0, 255).astype(np.uint8))


def other_words(image: Image.Image, random: Random) -> Pair:
    """Write different words in the same places in one ink, some on labels."""
    pair = image.copy(), image.copy()
    draws = [ImageDraw.Draw(one) for one in pair]
    ink, paper = _contrasting(random)
    has_label, is_same_length = random.random() < 0.5, random.random() < 0.5
    for _ in range(int(random.integers(1, 5))):
        size = image.height * random.uniform(0.04, 0.14)
        x, y = random.uniform(0.02, 0.6) * image.width, random.uniform(0.02, 0.85) * image.height
        length = int(random.integers(2, 12))
        own = _word(random, length)
        other = _word(random, length if is_same_length else int(random.integers(2, 12)))
        if random.random() < 0.3:  # one letter or figure of a longer name
            place = int(random.integers(0, length))
            other = own[:place] + _word(random, 1) + own[place + 1 :]
        box = (x - 3, y - 2, x + 0.6 * size * 11, y + 1.3 * size)
        for draw, word in zip(draws, (own, other), strict=True):
            if has_label:
                draw.rectangle(box, paper)
            draw.text((x, y), word, ink, font(size))
    return pair


def another_detail(image: Image.Image, random: Random) -> Pair:
    """Put things of two shapes in one place of the thing: a plug of another form, other buttons."""
    pair = image.copy(), image.copy()
    values = np.asarray(image, np.float32)
    rows, columns = np.nonzero(_thing(values))
    if len(rows) < 50:
        rows, columns = np.nonzero(np.ones(values.shape[:2]))
    for _ in range(int(random.integers(1, 4))):
        place = int(random.integers(len(rows)))
        x, y = int(columns[place]), int(rows[place])
        w, h = (random.uniform(0.06, 0.22, 2) * image.size).tolist()
        ink, paper = _contrasting(random)
        shapes = random.permutation(4)[:2]
        for one, shape in zip(pair, shapes, strict=True):
            _draw_shape(ImageDraw.Draw(one), int(shape), (x, y, x + w, y + h), ink, paper)
    return pair


def another_form(_image: Image.Image, random: Random) -> Pair:
    """Fill a form in twice: lines, boxes and headings are the same, some of the words are not."""
    size = (int(random.integers(300, 700)), int(random.integers(300, 800)))
    ground = tuple(int(one) for one in random.integers(235, 256, 3))
    pair = Image.new("RGB", size, ground), Image.new("RGB", size, ground)
    draws = [ImageDraw.Draw(one) for one in pair]
    ink = tuple(int(one) for one in random.integers(0, 90, 3))
    unit = size[0] / random.uniform(18, 32)
    y = unit
    while y < size[1] - 2 * unit:
        kind = random.random()
        x = unit * random.uniform(1, 4)
        if kind < 0.25:
            for draw in draws:
                draw.line((x, y, size[0] - x, y), ink, int(random.integers(1, 3)))
        elif kind < 0.4:
            box = (x, y, size[0] - x, y + 2 * unit)
            for draw in draws:
                draw.rectangle(box, None, ink, 2)
        label = _word(random, int(random.integers(4, 14)))
        values = [_word(random, int(random.integers(2, 12))) for _ in pair]
        values = values if random.random() < 0.35 else [values[0]] * 2
        for draw, value in zip(draws, values, strict=True):
            draw.text((x + 4, y + 4), f"{label} {value}", ink, font(unit))
        y += unit * random.uniform(1.5, 3)
    for draw in draws:
        draw.text((unit * 2, size[1] - 1.8 * unit), f"Total {int(random.integers(10, 9999))} EUR",
                  ink, font(unit))  # fmt: skip
    return pair


def another_sheet(_image: Image.Image, random: Random) -> Pair:
    """Number a ruled sheet, and total it, in two ways: hardly anything else is on it."""
    size = (int(random.integers(400, 900)), int(random.integers(500, 1100)))
    pair = Image.new("RGB", size, "white"), Image.new("RGB", size, "white")
    unit = size[0] / random.uniform(18, 34)
    left, right = unit * random.uniform(1, 3), size[0] - unit * random.uniform(1, 3)
    title, name = str(random.choice(_TITLES)), _word(random, int(random.integers(3, 9)))
    year = int(random.integers(2015, 2027))
    numbers = [
        f"{year + int(random.integers(0, 3))}-{int(random.integers(1, 999)):03}" for _ in pair
    ]
    totals = [f"{int(random.integers(5, 9999))} EUR" for _ in pair]
    rows = np.arange(4.5 * unit, size[1] - 3 * unit, unit * random.uniform(1, 2.2))
    has_box, has_rules, has_name = random.random(3) < (0.6, 0.7, 0.5)
    for one, number, total in zip(pair, numbers, totals, strict=True):
        draw = ImageDraw.Draw(one)
        if has_box:
            draw.rectangle((left, unit, right, 3 * unit), None, "black", 2)
        draw.text((left + 0.5 * unit, 1.3 * unit), f"{title} {number}", "black", font(unit))
        for y in rows if has_rules else ():
            draw.line((left, y, right, y), "black", 1)
        if has_name:
            draw.text((left, 3.2 * unit), name, "black", font(unit))
        draw.text((left, size[1] - 2.2 * unit), f"Total {total}", "black", font(unit))
    return pair


def _thing(values: np.ndarray) -> np.ndarray:
    """Return ``(h, w)`` bool: what is not of the colour of the edge."""
    edge = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    return np.asarray(np.abs(values - np.median(edge, axis=0)).max(axis=2) > _GROUND_LEVELS)


def _commonest_colour(values: np.ndarray, thing: np.ndarray, random: Random) -> np.ndarray:
    if thing.sum() < 10:
        return thing
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 1.0)
    cv2.setRNGSeed(int(random.integers(1 << 30)))
    _, labels, _ = cv2.kmeans(
        values[thing], 3, np.empty(0, np.int32), criteria, 1, cv2.KMEANS_PP_CENTERS
    )
    chosen = np.zeros(thing.shape, np.bool_)
    chosen[thing] = labels.ravel() == np.bincount(labels.ravel()).argmax()
    return chosen


def _contrasting(random: Random) -> tuple[tuple[int, ...], tuple[int, ...]]:
    dark, light = random.integers(0, 100, 3), random.integers(150, 256, 3)
    first, second = (dark, light) if random.random() < 0.6 else (light, dark)
    return tuple(map(int, first)), tuple(map(int, second))


def _word(random: Random, length: int) -> str:
    return "".join(random.choice(_LETTERS, length).tolist())


def _draw_shape(
    draw: ImageDraw.ImageDraw,
    shape: int,
    box: tuple[float, float, float, float],
    ink: tuple[int, ...],
    paper: tuple[int, ...],
) -> None:
    left, top, right, bottom = box
    middle = (left + right) / 2
    if shape == 0:
        draw.rectangle(box, ink, paper, 2)
    elif shape == 1:
        draw.ellipse(box, ink, paper, 2)
    elif shape == 2:
        draw.polygon([(middle, top), (right, bottom), (left, bottom)], ink, paper)
    else:
        draw.rounded_rectangle(box, min(right - left, bottom - top) / 2.5, paper, ink, 3)


_TITLES = np.array(["Invoice", "Receipt", "Order", "Bill", "Certificate", "Ticket", "Report"])
VARIANTS: dict[str, Vary] = {
    "colour": another_colour,
    "words": other_words,
    "detail": another_detail,
    "form": another_form,
    "sheet": another_sheet,
}
