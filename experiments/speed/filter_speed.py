"""Speed of filters, facets and sort orders: ``scripts/bench filters --count 1000000``.

The records have no parts: what is measured is which of them pass, not what is nearest.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from binocle.collection.collection import Collection
from binocle.collection.snapshot import Snapshot
from binocle.metadata.filters import Filter
from binocle.types import Int64Array, MetadataValue, NewRecord
from search.query.filter_language import parse_where
from search.query.query import Facet, Sort
from search.results.diversity import gathered
from search.results.facets import count_facets, group_keys, sort_order

_BATCH = 20_000
_COLORS = ("black", "white", "blue", "red", "green", "beige", "pink", "grey")
FILTERS = (
    "brand = b7",
    "color = black",
    "rare = r3",
    "id = r77",
    "price < 20",
    "price < 1000",
    "price >= 100 and price < 101",
    "in_stock = true",
    "taken_at in 2021-03",
    "tags in (t1, t2)",
    "tags contains t7",
    "not color = black",
    "color != black",
    "color = black and price < 100",
    "brand = b7 and in_stock = true and price < 500",
    "not color = black and taken_at in 2021..2022",
    "color in (red, blue) or price > 900",
    "location near (48.1, 11.5, 50km)",
)
_FACETS = ("color", "brand", "in_stock", "price", "taken_at", "tags")


def bench_filters(folder: Path, count: int, rounds: int) -> None:
    """Measure how long it takes to tell which records pass, warm and in SQL."""
    with Collection(folder / "collection", create=True) as collection:
        started = time.perf_counter()
        _fill(collection, count)
        print(f"{count:,} records written in {time.perf_counter() - started:.0f} s")
    with Collection(folder / "collection") as collection:
        snapshot = collection.snapshot()
        for name in ("color", "price", "taken_at", "id", "tags", "location"):
            seconds = _seconds(partial(snapshot.load, [name]))
            print(f"column {name:<10} loaded in {1000 * seconds:7.0f} ms")
        snapshot.load(["brand", "rare", "in_stock"])
        for text in FILTERS:
            where = parse_where(text)
            times = [_milliseconds(partial(snapshot.columns.mask, where)) for _ in range(rounds)]
            share = np.count_nonzero(snapshot.mask(where)) / count
            in_sql = _milliseconds(partial(_in_sql, collection, where))
            print(
                f"{text:<48} {100 * share:7.3f} %  median {statistics.median(times):6.2f} ms, "
                f"worst {max(times):6.2f} ms  (SQL {in_sql:6.0f} ms)"
            )
        _others(collection, snapshot, count, rounds)


def _others(collection: Collection, snapshot: Snapshot, count: int, rounds: int) -> None:
    ids = np.arange(1, count + 1)
    half = ids[snapshot.mask(parse_where("in_stock = true"))[ids]]
    for name in _FACETS:
        work = partial(count_facets, snapshot, [Facet(name)], half, None)
        _print(f"facet {name}, {len(half):,} relevant", work, rounds)
    for names in (("price",), ("taken_at",), ("brand",), ("tags",), ("color", "price")):
        sorts = [Sort(name, descending=True) for name in names]
        label = f"sort by {', '.join(names)}, {len(half):,} relevant"
        _print(label, partial(sort_order, snapshot, half, sorts), rounds)
    for name in ("brand", "id"):
        work_ = partial(_grouped, snapshot, half, name)
        _print(f"group by {name}, {len(half):,} relevant", work_, rounds)
    times = []
    for _ in range(rounds):
        collection.upsert([NewRecord("r5", "", _metadata(5), ())])
        times.append(_milliseconds(collection.snapshot))
    print(f"catching up with one record, 9 columns: median {statistics.median(times):.1f} ms")


def _grouped(snapshot: Snapshot, ids: Int64Array, field: str) -> int:
    return len(gathered(group_keys(snapshot, ids, field)).heads)


def _fill(collection: Collection, count: int) -> None:
    for start in range(0, count, _BATCH):
        numbers = range(start, min(start + _BATCH, count))
        collection.upsert([NewRecord(f"r{one}", "", _metadata(one), ()) for one in numbers])


def _metadata(number: int) -> dict[str, MetadataValue]:
    rng = np.random.default_rng(number)
    day, second = int(rng.integers(0, 2000)), int(rng.integers(0, 86_400))
    taken = np.datetime64("2019-01-01") + np.timedelta64(day, "D") + np.timedelta64(second, "s")
    found: dict[str, MetadataValue] = {
        "brand": f"b{int(rng.zipf(1.5)) % 2000}",
        "color": _COLORS[min(int(rng.exponential(1)), 7)],
        "price": round(float(rng.gamma(2, 100)), 2),
        "in_stock": bool(rng.random() < 0.5),
        "taken_at": str(taken),
        "tags": [f"t{one}" for one in sorted({int(tag) for tag in rng.integers(0, 200, 3)})],
        "latitude": round(float(rng.normal(48, 5)), 5),
        "longitude": round(float(rng.normal(11, 8)), 5),
    }
    if number % 10_000 < 3:
        found["rare"] = f"r{number % 10_000 + 1}"
    return found


def _in_sql(collection: Collection, where: Filter) -> int:
    with collection.reading() as session:
        return session.records.count(where)


def _print(label: str, work: Callable[[], object], rounds: int) -> None:
    times = [_milliseconds(work) for _ in range(rounds)]
    print(f"{label:<48} median {statistics.median(times):6.1f} ms, worst {max(times):6.1f} ms")


def _milliseconds(work: Callable[[], object]) -> float:
    return 1000 * _seconds(work)


def _seconds(work: Callable[[], object]) -> float:
    """Return the thread's processor time: nothing here waits or is done by several threads."""
    started = time.thread_time()
    work()
    return time.thread_time() - started
