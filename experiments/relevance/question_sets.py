"""Questions that a collection can answer, and questions it cannot, from data sets at hand.

Each split is a collection, queries about what is in it with the hits that are right, and queries
about what is not. A hit is right by what people wrote: a product of the same article and colour,
a photo of the same class, a photo whose captions have at least half of the query's content words.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from binocle.encoders.base import Encoder
from binocle.media.kinds import IMAGE, TEXT
from binocle.types import BoolArray, Float32Array, Int64Array, Kind
from evaluation.embedding import embed_texts
from experiments.relevance.question_pictures import QuestionPictures, content_words
from search.relevance.background_texts import background_texts

QUERIES = 500
FRESH = frozenset({"flickr8k-train"})  # sets that nothing is fitted on
_BANK = 512
TOPICS = {
    "dogs": "dog dogs puppy",
    "water": "water pool swimming ocean beach lake river wave surfer surfing",
    "wheels": "bike bicycle motorcycle biker cyclist bikes car",
    "snow": "snow ski skiing skier snowboarder snowy sled",
    "balls": "ball soccer football basketball tennis baseball rugby",
}


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
        yield Split(f"{name} / {unfit}", TEXT, IMAGE, one.rows, background,
                    one.last[asked], right, rows)  # fmt: skip
        if one.labels:
            yield Split(f"{name} labels / {unfit}", TEXT, IMAGE, one.rows, background,
                        one.short[asked], right, rows)  # fmt: skip
            yield Split(f"{name} labels / {unfit}", TEXT, TEXT, one.first, background,
                        one.short[asked], right, rows)  # fmt: skip
        elif one.has_several_texts:
            yield Split(f"{name} / {unfit}", TEXT, TEXT, one.first, background,
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
        yield Split(f"{name} without {topic} / {topic}", TEXT, IMAGE, one.rows[left],
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
            yield Split(f"{name} / {other}", IMAGE, IMAGE, one.rows[gallery], bank,
                        one.rows[asked], right, absent)  # fmt: skip
        own = one.right(asked, np.arange(len(one.rows)))
        yield Split(f"{name} / {other}", IMAGE, TEXT, one.first, bank,
                    one.rows[asked], own, absent)  # fmt: skip


def _drawn(count: int, rng: np.random.Generator) -> Int64Array:
    return np.asarray(rng.permutation(count)[:QUERIES], np.int64)


def nonsense_words(rng: np.random.Generator) -> Sequence[str]:
    """Return words of random letters, half of them alone."""
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))

    def word() -> str:
        return "".join(rng.choice(letters, rng.integers(3, 10)))

    return [" ".join(word() for _ in range(1 + place % 2 * 3)) for place in range(QUERIES)]
