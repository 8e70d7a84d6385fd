"""Questions that a collection can answer, and questions it cannot, from data sets at hand.

Each split is a collection, queries about what is in it with the hits that are right, and queries
about what is not. A hit is right by what people wrote: a product of the same article and colour,
a photo of the same class, a photo whose captions have at least half of the query's content words.
"""

import csv
import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from binocle.encoders.base import Encoder
from binocle.media.decoder_pool import DecoderPool
from binocle.types import BoolArray, Float32Array, Int64Array, Kind, Limits
from evaluation.embedding import embed_pictures, embed_texts
from evaluation.zeroshot import read_labels
from indexer.sources.base import Candidate, ImageRef
from search.relevance.background_texts import background_texts

QUERIES = 500
FRESH = frozenset({"flickr8k-train"})  # sets that nothing is fitted on
_BANK = 512
_STOP_WORDS = frozenset(
    re.findall(
        "[a-z]+",
        "a an and are as at be being by for from has he her his in is it its of on one or other "
        "another she some that the their them there they this to two up wearing while who with",
    )
)
TOPICS = {
    "dogs": "dog dogs puppy",
    "water": "water pool swimming ocean beach lake river wave surfer surfing",
    "wheels": "bike bicycle motorcycle biker cyclist bikes car",
    "snow": "snow ski skiing skier snowboarder snowy sled",
    "balls": "ball soccer football basketball tennis baseball rugby",
}


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


@dataclass(frozen=True, slots=True)
class Split:
    """A collection, and queries that it can and cannot answer.

    Attributes:
        name: Collection and queries, and what is asked in vain.
        source: What asks.
        kind: What is searched.
        gallery_nd: ``(n, d)`` float32 unit rows.
        background_bd: ``(b, d)`` float32 unit rows of background queries.
        asked_qd: ``(q, d)`` float32 unit rows of queries with an answer.
        right_qn: ``(q, n)`` which hits are right.
        absent_ud: ``(u, d)`` float32 unit rows of queries without one.
        families: The data sets it is made of, ``flickr8k`` for both parts of that.
        is_fresh: Nothing is fitted on it.
    """

    name: str
    source: Kind
    kind: Kind
    gallery_nd: Float32Array
    background_bd: Float32Array
    asked_qd: Float32Array
    right_qn: BoolArray
    absent_ud: Float32Array
    families: frozenset[str] = frozenset()
    is_fresh: bool = False


def family(name: str) -> str:
    """Return the data set that a set is a part of."""
    return name.split("-", maxsplit=1)[0]


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


def splits(
    sets: Mapping[str, QuestionPictures], encoder: Encoder, *, seed: int = 0
) -> Iterator[Split]:
    """Yield every question that can be made of the sets.

    Args:
        sets: From ``read_sets``.
        encoder: For queries that are in no set.
        seed: Of the draws.
    """
    rng = np.random.default_rng(seed)
    background = embed_texts(background_texts(), encoder)
    nonsense = embed_texts(nonsense_words(rng), encoder)
    for name, one in sets.items():
        others = {other: two for other, two in sets.items() if family(other) != family(name)}
        absent = absent_queries(one, others, rng)
        if name == "caltech101":  # it has some of what each of the others asks for
            absent.clear()
        absent["nonsense"] = nonsense
        for split in itertools.chain(
            asked_by_texts(name, one, absent, background, rng),
            _without_some(name, one, background, rng),
            _asked_by_pictures(name, one, others, rng),
        ):
            asked = split.name.partition(" / ")[2].split(" ", maxsplit=1)[0]
            families = {family(name), family(asked)} & {family(every) for every in sets}
            yield replace(split, families=frozenset(families), is_fresh=name in FRESH)


def absent_queries(
    one: QuestionPictures, others: Mapping[str, QuestionPictures], rng: np.random.Generator
) -> dict[str, Float32Array]:
    """Return queries about other sets, by name.

    Labels that are in people's captions of a set are left out where there are captions: a
    photo of a "dog" is no answer to be missed.
    """
    absent = {other: two.last[_drawn(len(two.last), rng)] for other, two in others.items()}
    for other, two in others.items():
        if not two.labels:
            continue
        labels, first = np.unique(np.array(two.labels), return_index=True)
        absent[f"{other} labels"] = two.short[first[:QUERIES]]
        if not one.labels and one.has_several_texts:
            said = frozenset().union(*one.words)
            unsaid = [not content_words(label) & said for label in labels.tolist()]
            absent[f"{other} labels in no caption"] = two.short[first[unsaid][:QUERIES]]
    return absent


def asked_by_texts(
    name: str,
    one: QuestionPictures,
    absent: Mapping[str, Float32Array],
    background: Float32Array,
    rng: np.random.Generator,
) -> Iterator[Split]:
    """Let texts ask, those of a set and those that are absent from it."""
    every, asked = np.arange(len(one.rows)), _drawn(len(one.rows), rng)
    right = one.right(asked, every)
    for unfit, rows in absent.items():
        yield Split(f"{name} / {unfit}", "text", "image", one.rows, background,
                    one.last[asked], right, rows)  # fmt: skip
        if one.labels:
            yield Split(f"{name} labels / {unfit}", "text", "image", one.rows, background,
                        one.short[asked], right, rows)  # fmt: skip
            yield Split(f"{name} labels / {unfit}", "text", "text", one.first, background,
                        one.short[asked], right, rows)  # fmt: skip
        elif one.has_several_texts:
            yield Split(f"{name} / {unfit}", "text", "text", one.first, background,
                        one.last[asked], right, rows)  # fmt: skip


def _without_some(
    name: str, one: QuestionPictures, background: Float32Array, rng: np.random.Generator
) -> Iterator[Split]:
    """Take out what shares a label or a topic, and ask for it."""
    if one.labels:
        labels = np.array(one.labels)
        kinds = np.unique(labels)
        gone = {"half of the labels": np.isin(labels, rng.permutation(kinds)[::2])}
        queries = one.short
    elif one.has_several_texts:
        queries = one.last
        gone = {
            topic: np.array([bool(words & set(names.split())) for words in one.words])
            for topic, names in TOPICS.items()
        }
    else:
        return
    for topic, out in gone.items():
        left = np.flatnonzero(~out)
        mentioned = out if one.labels else out & np.array(
            [bool(words & set(TOPICS[topic].split())) for words in one.asked]
        )  # fmt: skip
        lost = np.flatnonzero(mentioned)
        if len(left) < _BANK or len(lost) < 20:
            continue
        asked = left[_drawn(len(left), rng)]
        yield Split(f"{name} without {topic} / {topic}", "text", "image", one.rows[left],
                    background, queries[asked], one.right(asked, left),
                    queries[lost[_drawn(len(lost), rng)]])  # fmt: skip


def _asked_by_pictures(
    name: str,
    one: QuestionPictures,
    others: Mapping[str, QuestionPictures],
    rng: np.random.Generator,
) -> Iterator[Split]:
    """Let pictures ask, those of the set and those of other sets."""
    order = rng.permutation(len(one.rows))
    asked, gallery = order[:QUERIES], order[QUERIES:]
    if len(gallery) < _BANK:
        return
    bank = one.rows[gallery[:_BANK]]
    right = one.right(asked, gallery)
    for other, two in others.items():
        absent = two.rows[_drawn(len(two.rows), rng)]
        if one.labels:
            yield Split(f"{name} / {other}", "image", "image", one.rows[gallery], bank,
                        one.rows[asked], right, absent)  # fmt: skip
        own = one.right(asked, np.arange(len(one.rows)))
        yield Split(f"{name} / {other}", "image", "text", one.first, bank,
                    one.rows[asked], own, absent)  # fmt: skip


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


def _drawn(count: int, rng: np.random.Generator) -> Int64Array:
    return np.asarray(rng.permutation(count)[:QUERIES], np.int64)


def nonsense_words(rng: np.random.Generator) -> Sequence[str]:
    """Return words of random letters, half of them alone."""
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))

    def word() -> str:
        return "".join(rng.choice(letters, rng.integers(3, 10)))

    return [" ".join(word() for _ in range(1 + place % 2 * 3)) for place in range(QUERIES)]
