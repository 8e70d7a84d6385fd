"""Short questions in three languages, as people type them, to measure with.

Captions are sentences; what is typed is a word or three. Which photos answer a question is told
by their English captions, which products by their label.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from binocle.encoders.base import Encoder
from binocle.types import Float32Array
from training.mini.languages.lexicon import LexiconWord, bent
from training.mini.languages.recall import embed_pictures
from training.mini.pictures import DEV_PRODUCTS, MiniPictures, load_pictures
from training.mini.tokenizer import product_phrases

_FILE = Path(__file__).parent / "questions.txt"
_LEAST_PHOTOS = 3
_LEAST_PRODUCTS = 10
_LANGUAGES = ("en", "zh", "de")


@dataclass(frozen=True, slots=True)
class ShortQuestion:
    """A question and what answers it.

    Attributes:
        said: It in each language of ``_LANGUAGES``.
        right: Numbers of the pictures.
    """

    said: tuple[str, str, str]
    right: frozenset[int]


def measure_questions(encoder: Encoder, packed: Path, limit: int | None) -> dict[str, float]:
    """Return precision in percent, as ``zh photos P@5`` and ``zh products P@10``.

    Args:
        encoder: Embeds both.
        packed: The packed material.
        limit: Only so many pictures, to try things.
    """
    found: dict[str, float] = {}
    for name, kind, best in (("flickr8k-dev", "photos", 5), ("fashion", "products", 10)):
        pictures = load_pictures(packed / f"{name}.npz")
        count = len(pictures.texts)
        size = min(limit or count, DEV_PRODUCTS, count)
        pictures = pictures.part(range(count - size, count))
        asked = ask_photos(pictures) if kind == "photos" else ask_products(pictures)
        if not asked:
            continue
        rows = embed_pictures(encoder, pictures)
        for at, language in enumerate(_LANGUAGES):
            texts = encoder.encode_texts([one.said[at] for one in asked])
            found[f"{language} {kind} P@{best}"] = precision(texts, rows, asked, best)
    return found


def ask_photos(pictures: MiniPictures) -> list[ShortQuestion]:
    """Return the questions about scenes that at least three photos answer."""
    asked = []
    for line in _sections()["photos"]:
        *said, pattern = line.split("|", 3)
        shows = re.compile(pattern)
        right = frozenset(
            at
            for at, captions in enumerate(pictures.texts)
            if any(shows.search(one.lower()) for one in captions)
        )
        if len(right) >= _LEAST_PHOTOS:
            asked.append(ShortQuestion((said[0], said[1], said[2]), right))
    return asked


def ask_products(pictures: MiniPictures) -> list[ShortQuestion]:
    """Return the colours with articles that at least ten products answer."""
    labels = [(product_phrases(one) or [""])[0] for one in pictures.labels]
    asked = []
    sections = _sections()
    for colour in sections["colours"]:
        shade, chinese, german = colour.split("|")
        for article in sections["articles"]:
            thing, called, noun = article.split("|")
            gender, _, noun = noun.partition(" ")
            right = frozenset(at for at, one in enumerate(labels) if one == f"{shade} {thing}")
            if len(right) >= _LEAST_PRODUCTS:
                word = LexiconWord("clothing", thing, (called,), noun, gender)
                said = (f"{shade} {thing}", chinese + called, f"{bent(german, word)} {noun}")
                asked.append(ShortQuestion(said, right))
    return asked


def precision(
    texts: Float32Array, pictures: Float32Array, asked: list[ShortQuestion], best: int
) -> float:
    """Return the share of right pictures among the ``best`` first, in percent.

    Args:
        texts: ``(q, d)`` unit rows of the questions.
        pictures: ``(p, d)`` unit rows.
        asked: The questions; where fewer pictures are right, so many count.
        best: How many are looked at.
    """
    first = np.argsort(-(texts @ pictures.T), axis=1, kind="stable")[:, :best]
    shares = [
        len(one.right.intersection(row.tolist())) / min(best, len(one.right))
        for one, row in zip(asked, first, strict=True)
    ]
    return 100 * float(np.mean(shares))


def _sections() -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    for line in _FILE.read_text("utf-8").splitlines():
        if line.startswith("["):
            sections[line.strip("[]")] = []
        elif line and not line.startswith("#"):
            sections[list(sections)[-1]].append(line)
    return sections
