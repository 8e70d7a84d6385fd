"""Pictures of data sets at hand, embedded, with what people say of them."""

import csv
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from binocle.encoders.base import Encoder
from binocle.media.decoder_pool import DecoderPool
from binocle.types import BoolArray, Float32Array, Int64Array, Limits
from evaluation.embedding import embed_pictures, embed_texts
from evaluation.zeroshot import read_labels
from indexer.sources.base import Candidate, ImageRef

_STOP_WORDS = frozenset(
    re.findall(
        "[a-z]+",
        "a an and are as at be being by for from has he her his in is it its of on one or other "
        "another she some that the their them there they this to two up wearing while who with",
    )
)


@dataclass(frozen=True, slots=True)
class QuestionPictures:
    """Pictures with what is said of them; all rows are ``(n, d)`` float32 unit rows.

    Attributes:
        rows: Of the pictures.
        first: Of each picture's first text.
        last: Of its last text, which may be its first.
        short: Of its label as a query; empty where there are no labels.
        words: Of each picture, the content words of its texts.
        asked: Of each picture, the content words of its last text.
        labels: What each picture is; empty where nobody says.
        texts: Of each picture, its first and its last text; may be empty where only vectors count.
    """

    rows: Float32Array
    first: Float32Array
    last: Float32Array
    short: Float32Array
    words: tuple[frozenset[str], ...]
    asked: tuple[frozenset[str], ...]
    labels: tuple[str, ...]
    texts: tuple[tuple[str, str], ...] = ()

    @property
    def has_several_texts(self) -> bool:
        """Whether pictures are described more than once, as photos are by their captions."""
        return not np.array_equal(self.first, self.last)

    def part(self, places: Int64Array) -> "QuestionPictures":
        """Return some of the pictures."""
        return QuestionPictures(
            self.rows[places],
            self.first[places],
            self.last[places],
            self.short[places] if self.labels else self.short,
            tuple(self.words[one] for one in places),
            tuple(self.asked[one] for one in places),
            tuple(self.labels[one] for one in places) if self.labels else (),
            tuple(self.texts[one] for one in places) if self.texts else (),
        )

    def right(self, queries: Int64Array, gallery: Int64Array) -> BoolArray:
        """Tell which pictures are right for queries about others: ``(q, n)``."""
        if self.labels:
            labels = np.array(self.labels)
            return np.asarray(labels[queries][:, np.newaxis] == labels[gallery])
        found = np.empty((len(queries), len(gallery)), np.bool_)
        for row, query in enumerate(queries):
            asked = self.asked[query]
            found[row] = [2 * len(asked & self.words[one]) >= len(asked) for one in gallery]
        found |= queries[:, np.newaxis] == gallery
        return found


def read_sets(
    data: Path, encoder: Encoder, limits: Limits, *, most: int
) -> dict[str, QuestionPictures]:
    """Embed the data sets that are in a folder.

    Args:
        data: With ``flickr8k-dev``, ``flickr8k-train``, ``fashion``, ``electronics`` and
            ``caltech101``, or some of them.
        encoder: Embeds.
        limits: For decoding.
        most: Pictures of each set, spread evenly.
    """
    sets = {}
    with DecoderPool(2, limits) as decoders:
        for name, listed in _listed(data).items():
            chosen = listed[:: max(1, -(-len(listed) // most))]
            found = embed_pictures([_candidate(path) for path, _, _ in chosen], encoder, decoders)
            kept = [chosen[place] for place in found.places]
            texts = [texts for _, texts, _ in kept]
            labels = tuple(label for _, _, label in kept if label)
            sets[name] = QuestionPictures(
                rows=found.rows,
                first=embed_texts([one[0] for one in texts], encoder),
                last=embed_texts([one[-1] for one in texts], encoder),
                short=embed_texts(labels, encoder),
                words=tuple(content_words(" ".join(one)) for one in texts),
                asked=tuple(content_words(one[-1]) for one in texts),
                labels=labels,
                texts=tuple((one[0], one[-1]) for one in texts),
            )
    return sets


def _listed(data: Path) -> dict[str, list[tuple[Path, list[str], str]]]:
    """Return for each set its pictures' paths, texts and labels."""
    sets: dict[str, list[tuple[Path, list[str], str]]] = {}
    electronics, caltech, fashion = data / "electronics", data / "caltech101", data / "fashion"
    for flickr in filter(Path.is_dir, (data / "flickr8k-dev", data / "flickr8k-train")):
        captions: dict[str, list[str]] = defaultdict(list)
        for row in _table(flickr / "captions.csv"):
            captions[row["image"]].append(row["caption"])
        sets[flickr.name] = [(flickr / "images" / k, v, "") for k, v in captions.items()]
    if fashion.is_dir():
        sets[fashion.name] = [
            (fashion / row["image"], [row["title"]], f"{path[3]} {path[2]}".lower())
            for row in _table(fashion / "products.csv")
            if len(path := row["description"].split(" - ")) > 3
        ]
    if electronics.is_dir():
        sets[electronics.name] = [
            (electronics / row["image"], [row["name"]], "")
            for row in _table(electronics / "products.csv")
        ]
    if caltech.is_dir():
        found = read_labels(caltech)
        names = [found.classes[label] for label in found.labels]
        sets[caltech.name] = [
            (Path(one.uri), [f"a photo of a {name}."], name)
            for one, name in zip(found.pictures, names, strict=True)
        ]
    return sets


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _candidate(path: Path) -> Candidate:
    image = ImageRef("image", str(path), path.read_bytes)
    return Candidate(str(path), "", str(path), str(path), images=(image,))


def content_words(text: str) -> frozenset[str]:
    """Return the words of a text that say something, in lower case."""
    return frozenset(re.findall("[a-z]+", text.lower())) - _STOP_WORDS
