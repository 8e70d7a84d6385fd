"""What a collection answers that is too large to scan: recall, filters, relevant sets, removal.

A part of ``scripts/bench index-life``. Times are milliseconds of processor time, which other work
on the machine changes less than those of a clock: median and 95th percentile.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from binocle.collection.collection import Collection
from binocle.collection.snapshot import Ranking, Snapshot
from binocle.media.kinds import IMAGE
from binocle.metadata.filters import Comparison
from binocle.types import Float32Array, Limits, MetadataValue, NewPart, NewRecord
from experiments.speed.indices.cross_modal import TOPICS, CrossModal, TopicEncoder
from search.query.query import Facet, Query, Sort, Term
from search.searcher import Searcher

AT_ONCE = 2000
_K = 10
_COLOURS = ("black", "white", "red", "blue", "green", "grey", "pink", "gold")
_SHARES = {"0.1 %": 1, "1 %": 10, "10 %": 100, "50 %": 500}  # of 1,000 buckets
_RELEVANT_QUERIES = 40
_FACETS = (Facet("colour"), Facet("brand"))
_OPTIONS: dict[str, dict[str, Any]] = {
    "page and count": {},
    "page and count, by a scan": {"exact": True},
    "facets": {"facets": _FACETS},
    "facets, half of all": {"facets": _FACETS, "where": Comparison("bucket", "lt", 500)},
    "sorted, facets": {"facets": _FACETS, "sort": (Sort("price"),)},
    "relevance of 0.1, facets": {"facets": _FACETS, "min_relevance": 0.1},
}


def records(vectors: CrossModal, block: int) -> list[NewRecord]:
    """Return a block of records with a picture and some fields each, always the same."""
    rows = vectors.pictures(block, AT_ONCE)
    rng = np.random.default_rng((7, block))
    colours = (len(_COLOURS) * rng.random(AT_ONCE) ** 1.7).astype(np.int64)
    brands = (200 * rng.random(AT_ONCE) ** 1.3).astype(np.int64)
    prices = np.round(1000 * rng.random(AT_ONCE), 2)
    found = []
    for place in range(AT_ONCE):
        number = block * AT_ONCE + place
        part = NewPart(IMAGE, "image", f"/{number}", number.to_bytes(32, "little"), rows[place])
        metadata: dict[str, MetadataValue] = {
            "bucket": number % 1000,
            "colour": _COLOURS[colours[place]],
            "brand": f"b{brands[place]}",
            "price": float(prices[place]),
        }
        found.append(NewRecord(str(number), f"/{number}", metadata, (part,)))
    return found


def answers(collection: Collection, vectors: CrossModal, queries: Float32Array) -> dict[str, Any]:
    """Measure what is answered, and that nothing is which should not be.

    Args:
        collection: As ``records`` made it.
        vectors: What made its vectors.
        queries: ``(q, d)`` float32 texts.
    """
    snapshot = collection.snapshot()
    return {
        "filters": {name: filtered(snapshot, queries, limit) for name, limit in _SHARES.items()},
        "relevant": relevant_sets(collection, vectors),
        "removal": removal(collection, queries),
    }


def filtered(snapshot: Snapshot, queries: Float32Array, limit: int) -> dict[str, float]:
    """Measure searches among the records of some buckets."""
    where = Comparison("bucket", "lt", limit)
    mask = snapshot.mask(where)
    found, ms = timed([partial(_nearest, snapshot, one, where=where) for one in queries])
    exact = [_nearest(snapshot, one, where=where, exact=True) for one in queries]
    leaked = sum(int((~mask[one.record_ids]).sum()) for one in found)
    return {"recall": recall(found, exact), **ms, "not_allowed": leaked}


def relevant_sets(collection: Collection, vectors: CrossModal) -> dict[str, Any]:
    """Measure whole searches: the first page, its count, facets, and sorted by a number."""
    searcher = Searcher(collection, lambda: TopicEncoder(vectors), limits=Limits())
    for options in _OPTIONS.values():  # loads columns, and calibrates
        searcher.search(Query((Term(text="topic 0"),), mode="semantic", **options))
    told: dict[str, Any] = {}
    topics = np.linspace(0, TOPICS - 1, _RELEVANT_QUERIES).astype(int).tolist()
    for name, options in _OPTIONS.items():
        asked = [
            Query((Term(text=f"topic {topic}"),), limit=20, mode="semantic", **options)
            for topic in topics
        ]
        found, ms = timed([partial(searcher.search, one) for one in asked])
        sizes = [one.relevant or 0 for one in found if not one.no_match]
        told[name] = {**ms, "sizes": np.quantile(sizes or [0], (0, 0.5, 1)).tolist()}
    return told


def removal(collection: Collection, queries: Float32Array) -> dict[str, Any]:
    """Remove what is nearest to the queries, and look for it."""
    snapshot = collection.snapshot()
    nearest = [_nearest(snapshot, one) for one in queries]
    gone = np.unique(np.concatenate([one.record_ids for one in nearest]))
    with collection.reading() as session:
        names = list(session.records.keys_of(gone.tolist()).values())
    started = time.process_time()
    collection.remove(names)
    removed = time.process_time() - started
    started = time.process_time()
    snapshot = collection.snapshot()
    followed = time.process_time() - started
    found, ms = timed([partial(_nearest, snapshot, one) for one in queries])
    again = sum(len(np.intersect1d(one.record_ids, gone)) for one in found)
    return {"removed": len(names), "s": removed, "followed_s": followed, "again": again, **ms}


def recall(found: list[Ranking], wanted: list[Ranking]) -> float:
    """Return recall@10 of some rankings by others that are exact."""
    shares = [
        len(np.intersect1d(one.part_ids, other.part_ids)) / max(1, len(other.part_ids))
        for one, other in zip(found, wanted, strict=True)
    ]
    return round(float(np.mean(shares)), 4)


def timed(calls: list[Callable[[], Any]]) -> tuple[list[Any], dict[str, float]]:
    """Call each, and return what they return and how long they take."""
    found, times = [], []
    for call in calls:
        started = time.process_time()
        found.append(call())
        times.append(1000 * (time.process_time() - started))
    p95 = float(np.quantile(times, 0.95))
    return found, {"ms": round(statistics.median(times), 2), "p95_ms": round(p95, 2)}


def _nearest(snapshot: Snapshot, query: Float32Array, **options: Any) -> Ranking:
    return snapshot.nearest(IMAGE, query[np.newaxis], _K, **options)[0]
