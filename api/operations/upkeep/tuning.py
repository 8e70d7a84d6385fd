"""Choosing how much of a collection's indices searches look at, by its own queries."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from binocle.collection.collection import Collection
from binocle.encoders.base import Encoder
from binocle.media.kinds import IMAGE, KINDS, TEXT
from binocle.types import Float32Array, Int64Array, Kind
from binocle.vectors.tuned_search import TunedSearch
from search.relevance.background_vectors import BackgroundVectors

_QUERIES = 200
_LEAST_QUERIES = 50


@dataclass(frozen=True, slots=True)
class TunedIndex:
    """What was chosen for the index of one kind.

    Attributes:
        kind: Which parts.
        parts: How many there are.
        asked: What was asked: ``own texts`` of the collection, or ``background texts``.
        tuned: What was chosen; None where everything is scanned.
    """

    kind: Kind
    parts: int
    asked: str
    tuned: TunedSearch | None


def tune(
    collection: Collection, load_encoder: Callable[[], Encoder], recall: float
) -> list[TunedIndex]:
    """Choose for each kind of parts how much a search looks at.

    Args:
        collection: Its indices are brought up to date first.
        load_encoder: Returns its encoder; asked only where it has too few texts of its own.
        recall: What share of the ten nearest is to be found, above 0 and at most 1.

    Raises:
        ModelError: Texts have to be embedded, and cannot be.
        OSError: The choice cannot be kept.
    """
    collection.save_indices()
    found = []
    for kind in KINDS:
        parts = collection.snapshot((kind,)).count_parts(kind)
        if not parts:
            continue
        own = _own_texts(collection) if kind == IMAGE else None
        if own is not None:
            asked, queries = "own texts", own
        else:
            asked = "background texts"
            every = BackgroundVectors(collection, load_encoder).rows()
            queries = every[_spread(len(every))]
        found.append(TunedIndex(kind, parts, asked, collection.tune(kind, queries, recall)))
    return found


def _own_texts(collection: Collection) -> Float32Array | None:
    """Return vectors of texts that stand beside pictures; None where there are few."""
    texts = collection.snapshot((TEXT,)).vectors(TEXT)
    ids = texts.ids()
    return texts.rows(ids[_spread(len(ids))])[1] if len(ids) >= _LEAST_QUERIES else None


def _spread(count: int) -> Int64Array:
    """Return some places that lie evenly over all."""
    return np.linspace(0, count - 1, min(count, _QUERIES)).astype(np.int64)
