"""``python -m experiments.engines.engine_speed ADDRESS``: an engine beside FAISS, as a store each.

Vectors and texts are those of ``scripts/bench indices``. Filters let parts pass by chance; *the far
half* is what is least like each query, so that an index finds what passes late. Times are by the
clock, one query after the other, with the rows fetched and scored anew.
"""

import argparse
import secrets
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np

from binocle.types import BoolArray, Float32Array, Space
from binocle.vectors.base import Allowed, VectorStore, VectorView, Watermark
from binocle.vectors.engines.engine_store import EngineStore
from binocle.vectors.faiss_store import FaissStore
from binocle.vectors.location import engine_module
from experiments.speed.search_speed import clustered

_K = 10
_SHARES = (0.5, 0.1, 0.01)
_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class _Case:
    """Queries with what each may find."""

    name: str
    queries_qd: Float32Array
    masks: list[BoolArray | None]


def main() -> None:
    """Fill both stores, ask them, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", help="of the engine, as BINOCLE_VECTORS")
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--dimension", type=int, default=256)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument(
        "--far", type=int, help="of so many queries, two at least, the far half is asked; of all"
    )
    parser.add_argument("--kept", metavar="NAME", help="vectors that stay, and are taken up again")
    parser.add_argument("--only-engine", action="store_true", help="leave FAISS's lists out")
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    rows, queries = clustered(options.count, options.queries, options.dimension)
    own = rows[:: max(1, len(rows) // options.queries)][: options.queries]
    cases = list(_cases(rows, queries, own, options.far))
    space = Space("bench", options.dimension, "ab" * 32)
    print(f"{options.count:,} x {options.dimension}, {options.queries} queries, k = {_K}\n")
    print("| store | case | recall@10 | ms: median, 95th percentile | above a score: median |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        exact = FaissStore(Path(folder) / "exact", space, flat_limit=10**9)
        _fill(exact, rows, "")
        if not options.only_engine:
            _ask("FAISS flat", exact.at(1), exact.at(1), cases)
            lists = FaissStore(Path(folder) / "lists", space, flat_limit=1000)
            _fill(lists, rows, "FAISS lists")
            _ask("FAISS lists", lists.at(1), exact.at(1), cases)
        module = engine_module(options.address)
        name = options.kept or f"binocle_bench_{secrets.token_hex(4)}"
        address = module.checked_address(options.address)
        module.prepare(address, name)
        try:
            engine = EngineStore(module.open_engine(address, name, "image", space), space)
            if engine.watermark() is None:
                _fill(engine, rows, "engine")
            _ask("engine", engine.at(1), exact.at(1), cases)
        finally:
            if not options.kept:
                module.discard(address, name)


def _cases(
    rows: Float32Array, texts: Float32Array, own: Float32Array, most_far: int | None
) -> Iterator[_Case]:
    rng = np.random.default_rng(1)
    yield _Case("texts", texts, [None] * len(texts))
    yield _Case("pictures", own, [None] * len(own))
    for share in _SHARES:
        mask = rng.random(len(rows)) < share
        yield _Case(f"texts, {share:.0%} pass", texts, [mask] * len(texts))
    far: list[BoolArray | None] = []
    for query in texts[:most_far]:
        scores = rows @ query
        far.append(scores < np.median(scores))
    yield _Case("texts, the far half passes", texts[: len(far)], far)


def _fill(store: VectorStore, rows: Float32Array, name: str) -> None:
    started = time.monotonic()
    for start in range(0, len(rows), _AT_ONCE):
        block = rows[start : start + _AT_ONCE]
        store.upsert(np.arange(start, start + len(block)), block, born=1)
    store.persisting(Watermark(1, len(rows) - 1, None))()
    if name:
        seconds = time.monotonic() - started
        print(f"| {name}: {store.at(1).description} | made in {seconds:.0f} s | | | |", flush=True)


def _ask(name: str, view: VectorView, oracle: VectorView, cases: list[_Case]) -> None:
    for case in cases:
        times: list[float] = []
        above: list[float] = []
        found = 0
        for query, mask in zip(case.queries_qd, case.masks, strict=True):
            allowed = None if mask is None else Allowed(mask)
            (right,) = oracle.search(query[np.newaxis], _K, allowed=allowed, exact=True)
            started = time.monotonic()
            (answer,) = view.search(query[np.newaxis], _K, allowed=allowed)
            times.append(1000 * (time.monotonic() - started))
            assert len(answer.part_ids) == _K, "fewer than k"
            found += len(np.intersect1d(answer.part_ids, right.part_ids))
            if len(above) < 20:
                started = time.monotonic()
                view.above(query, float(right.scores[-1]), allowed=allowed)
                above.append(1000 * (time.monotonic() - started))
        late = statistics.quantiles(times, n=20)[-1]
        print(
            f"| {name} | {case.name} | {found / _K / len(times):.3f} | "
            f"{statistics.median(times):.1f}, {late:.1f} | {statistics.median(above):.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
