"""Records of a few words each, so that many have equal scores."""

from collections.abc import Sequence

import numpy as np

from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.types import Kind, Limits, NewPart, NewRecord
from search.searcher import Searcher

ENCODER = ColourEncoder()
WORDS = ["red", "green", "blue", "yellow", "pink", "house", "tree", "car", "sea", "sky"]
BOTH: tuple[Kind, Kind] = ("image", "text")


def add(collection: Collection, first: int, count: int, kinds: Sequence[Kind] = BOTH) -> None:
    """Store records of a few words each, so that many have equal scores."""
    rng = np.random.default_rng(first)
    new = []
    for number in range(first, first + count):
        parts = []
        for place in range(int(rng.integers(1, 4))):
            text = " ".join(rng.choice(WORDS, 2))
            kind: Kind = kinds[int(rng.integers(len(kinds)))]
            row = ENCODER.encode_texts([text])[0]
            parts.append(NewPart(kind, f"f{place}", text, text.encode(), row))
        new.append(NewRecord(f"r{number}", text, {"n": number}, tuple(parts)))
    collection.upsert(new)


def searcher_of(collection: Collection) -> Searcher:
    return Searcher(collection, lambda: ENCODER, limits=Limits())
