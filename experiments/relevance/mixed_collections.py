"""Collections that nothing is fitted on: small ones, and ones of several data sets together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from binocle.encoders.base import Encoder
from binocle.media.kinds import IMAGE, TEXT
from binocle.types import Float32Array
from evaluation.embedding import embed_texts
from experiments.relevance.question_pictures import QuestionPictures
from experiments.relevance.question_sets import (
    FRESH,
    QUERIES,
    Split,
    absent_queries,
    asked_by_texts,
    family,
    nonsense_words,
)
from search.relevance.background_texts import background_texts

_SMALL = 200
_TOGETHER = (
    ("flickr8k-dev", "fashion"),
    ("flickr8k-dev", "electronics"),
    ("flickr8k-dev", "fashion", "electronics"),
)


def further_splits(
    sets: Mapping[str, QuestionPictures], encoder: Encoder, *, seed: int = 0
) -> Iterator[Split]:
    """Yield questions to small collections, and to photos and products together.

    Args:
        sets: From ``read_sets``.
        encoder: For queries that are in no set.
        seed: Of the draws.
    """
    rng = np.random.default_rng(seed)
    background = embed_texts(background_texts(), encoder)
    nonsense = embed_texts(nonsense_words(rng), encoder)
    for name, one in sets.items():
        if name in FRESH:
            continue
        places = np.sort(rng.permutation(len(one.rows))[:_SMALL])
        others = {other: two for other, two in sets.items() if family(other) != family(name)}
        absent = {} if name == "caltech101" else absent_queries(one, others, rng)
        absent["nonsense"] = nonsense
        small = f"{_SMALL} of {name}"
        for split in asked_by_texts(small, one.part(places), absent, background, rng):
            yield _fresh(split, [name])
    for names in _TOGETHER:
        if all(name in sets for name in names):
            absent = _absent_from_all(sets, names, rng) | {"nonsense": nonsense}
            yield from _together(sets, names, absent, background, rng)


def _absent_from_all(
    sets: Mapping[str, QuestionPictures], names: tuple[str, ...], rng: np.random.Generator
) -> dict[str, Float32Array]:
    """Return the queries that are absent from each of several sets."""
    own = {family(name) for name in names}
    others = {other: two for other, two in sets.items() if family(other) not in own}
    found = [absent_queries(sets[name], others, rng) for name in names]
    return {unfit: rows for unfit, rows in found[0].items() if unfit != "caltech101"}


def _together(
    sets: Mapping[str, QuestionPictures],
    names: tuple[str, ...],
    absent: Mapping[str, Float32Array],
    background: Float32Array,
    rng: np.random.Generator,
) -> Iterator[Split]:
    """Ask a collection of several sets, each for its share of the queries."""
    members = [sets[name] for name in names]
    gallery = np.concatenate([one.rows for one in members])
    starts = np.cumsum([0] + [len(one.rows) for one in members])
    asked, right = [], []
    for one, start in zip(members, starts.tolist(), strict=False):
        drawn = rng.permutation(len(one.rows))[: QUERIES // len(members)]
        own = np.zeros((len(drawn), len(gallery)), np.bool_)
        own[:, start : start + len(one.rows)] = one.right(drawn, np.arange(len(one.rows)))
        asked.append(one.last[drawn])
        right.append(own)
    for unfit, rows in absent.items():
        split = Split(f"{' + '.join(names)} / {unfit}", TEXT, IMAGE, gallery, background,
                      np.concatenate(asked), np.concatenate(right), rows)  # fmt: skip
        yield _fresh(split, names)


def _fresh(split: Split, names: Sequence[str]) -> Split:
    return replace(split, families=frozenset(map(family, names)), is_fresh=True)
