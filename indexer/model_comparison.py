"""Two models on a collection's own queries: kept ones, texts of its records, its pictures."""

from dataclasses import dataclass

import numpy as np

from binocle.catalog.new_vectors import kept_texts
from binocle.collection.collection import Collection
from binocle.encoders.base import Encoder
from binocle.media.kinds import IMAGE, KINDS
from binocle.types import Float32Array, Int64Array

_QUERIES, _K = 200, 10


@dataclass(frozen=True, slots=True)
class ModelComparison:
    """Both models on the collection's own queries.

    Attributes:
        pairs: How many texts of records were looked for among the pictures.
        own_first: Share of them that found a picture of their own record first, before and after.
        own_in_ten: The same within the first ten.
        queries: How many kept queries, or pictures where there are none, were asked of both.
        shared: Share of the first ten records that both models answer.
    """

    pairs: int
    own_first: tuple[float, float]
    own_in_ten: tuple[float, float]
    queries: int
    shared: float


def compare_models(
    collection: Collection, old: Encoder, shadow: Collection, new: Encoder
) -> ModelComparison:
    """Ask both models a collection's own queries.

    Args:
        collection: In the vectors of ``old``.
        old: Embeds kept queries for it.
        shadow: The same records in the vectors of ``new``.
        new: Embeds kept queries for that.
    """
    texts = kept_texts(collection.path, _QUERIES)
    pairs = _ranks(collection), _ranks(shadow)
    if texts:
        rows = old.encode_texts(texts), new.encode_texts(texts)
        both = _answers(collection, rows[0]), _answers(shadow, rows[1])
    else:
        both = _neighbours(collection), _neighbours(shadow)
    shared = [len(one & other) / max(1, len(one | other)) for one, other in zip(*both, strict=True)]
    first = [float(np.mean(one == 0)) if len(one) else 0.0 for one in pairs]
    in_ten = [float(np.mean((one >= 0) & (one < _K))) if len(one) else 0.0 for one in pairs]
    return ModelComparison(
        len(pairs[0]),
        (first[0], first[1]),
        (in_ten[0], in_ten[1]),
        len(shared),
        float(np.mean(shared)) if shared else 1.0,
    )


def _ranks(collection: Collection) -> Int64Array:
    """Return for texts of records the place of their own pictures; -1 beyond the first ten."""
    snapshot = collection.snapshot()
    other = next(kind for kind in KINDS if kind != IMAGE)
    texts, pictures = snapshot.owners(other), snapshot.owners(IMAGE)
    both = np.flatnonzero(np.isin(texts.record_ids, pictures.record_ids))
    chosen = both[:: max(1, len(both) // _QUERIES)][:_QUERIES]
    if not len(chosen):
        return np.empty(0, np.int64)
    ids, rows = snapshot.vectors(other).rows(texts.part_ids[chosen])
    own = texts.of(ids)
    found = snapshot.nearest(IMAGE, rows, _K)
    ranks = []
    for record, ranking in zip(own, found, strict=True):
        places = np.flatnonzero(ranking.record_ids == record)
        ranks.append(int(places[0]) if len(places) else -1)
    return np.array(ranks, np.int64)


def _answers(collection: Collection, rows: Float32Array) -> list[set[int]]:
    """Return the first ten records of queries, among the kind that there is most of."""
    snapshot = collection.snapshot()
    kind = max(KINDS, key=snapshot.count_parts)
    return [set(one.record_ids.tolist()) for one in snapshot.nearest(kind, rows, _K)]


def _neighbours(collection: Collection) -> list[set[int]]:
    """Return the first ten records by parts of the collection itself."""
    snapshot = collection.snapshot()
    kind = max(KINDS, key=snapshot.count_parts)
    ids = snapshot.owners(kind).part_ids
    _, rows = snapshot.vectors(kind).rows(ids[:: max(1, len(ids) // _QUERIES)][:_QUERIES])
    return _answers(collection, rows)
