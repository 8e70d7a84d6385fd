"""``scripts/bench peers --count N``: the index beside others, asked by texts, at equal recall.

Others are brought from PyPI for the measurement alone, into a folder that goes away; one that
cannot be had is told of and left out. One thread each, processor time, one run.
"""

import argparse
import importlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from binocle.types import Float32Array, Int64Array, Space
from binocle.vectors.base import Watermark
from binocle.vectors.faiss_store import FaissStore
from experiments.speed.indices.cross_modal import CrossModal

_K = 10
_BLOCK = 50_000
_TUNED_BY = 151  # texts, of which none is asked
Ask = Callable[[Float32Array], Int64Array]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an index did.

    Attributes:
        name: Which, and how it was set.
        built_s: Seconds of processor time it took to make.
        recall: At 10.
        times_ms: Of processor time, one a query.
    """

    name: str
    built_s: float
    recall: float
    times_ms: list[float]


def main() -> None:
    """Make each index, ask it, print a table."""
    parser = argparse.ArgumentParser(prog="scripts/bench peers", description=__doc__)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--without", action="append", default=[], metavar="NAME")
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    vectors = CrossModal(options.dimension)
    rows = np.concatenate([vectors.pictures(*one) for one in _blocks(options.count)])
    queries = vectors.asked(options.queries)
    wanted = _exact(rows, queries)
    print(f"{options.count:,} x {options.dimension}, {options.queries} texts, k = {_K}\n")
    print("| index | made in | recall@10 | ms: median, 95th percentile |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for one in (*_own(vectors, rows, queries, wanted, folder), *_hnsw(rows, queries, wanted)):
            _tell(one)
        if "usearch" not in options.without:
            for one in _usearch(rows, queries, wanted, folder):
                _tell(one)


def _blocks(count: int) -> Iterator[tuple[int, int]]:
    for block, start in enumerate(range(0, count, _BLOCK)):
        yield block, min(_BLOCK, count - start)


def _exact(rows: Float32Array, queries: Float32Array) -> Int64Array:
    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)
    return np.asarray(index.search(queries, _K)[1], np.int64)


def _own(
    vectors: CrossModal,
    rows: Float32Array,
    queries: Float32Array,
    wanted: Int64Array,
    folder: Path,
) -> Iterator[Asked]:
    """Yield this project's index: as it is, and tuned to two recalls."""
    store = FaissStore(folder / "image", Space("bench", rows.shape[1], "bench"), flat_limit=1000)
    started = time.process_time()
    store.upsert(np.arange(len(rows)), rows, born=1)
    store.persisting(Watermark(1, len(rows) - 1, None))()
    built_s = time.process_time() - started
    for recall in (None, 0.99, 0.95):
        if recall is not None:
            store.tune(vectors.asked(_TUNED_BY), recall)
        view = store.at(1)

        def ask(query: Float32Array, view: Any = view) -> Int64Array:
            (found,) = view.search(query[np.newaxis], _K)
            return np.asarray(found.part_ids, np.int64)

        said = "as it is" if recall is None else f"tuned to {recall}"
        yield _asked(f"Binocle, {said}", built_s, ask, queries, wanted)


def _hnsw(rows: Float32Array, queries: Float32Array, wanted: Int64Array) -> Iterator[Asked]:
    """Yield FAISS's HNSW."""
    index = faiss.IndexHNSWFlat(rows.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 100
    started = time.process_time()
    index.add(rows)
    built_s = time.process_time() - started
    for expansion in (64, 128, 256):
        index.hnsw.efSearch = expansion

        def ask(query: Float32Array) -> Int64Array:
            return np.asarray(index.search(query[np.newaxis], _K)[1][0], np.int64)

        yield _asked(f"FAISS HNSW, efSearch {expansion}", built_s, ask, queries, wanted)


def _usearch(
    rows: Float32Array, queries: Float32Array, wanted: Int64Array, folder: Path
) -> Iterator[Asked]:
    """Yield usearch's HNSW, float16; nothing where it cannot be had."""
    place = folder / "peers"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(place), "usearch"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        print("usearch cannot be installed, so it is left out", file=sys.stderr)
        return
    sys.path.insert(0, str(place))
    index = importlib.import_module("usearch.index").Index(
        ndim=rows.shape[1], metric="ip", dtype="f16", connectivity=16, expansion_add=128
    )
    started = time.process_time()
    index.add(np.arange(len(rows)), rows, threads=1)
    built_s = time.process_time() - started
    for expansion in (64, 128, 256, 512):
        index.expansion_search = expansion

        def ask(query: Float32Array) -> Int64Array:
            return np.asarray(index.search(query, _K, threads=1).keys, np.int64)

        yield _asked(f"usearch, expansion {expansion}", built_s, ask, queries, wanted)


def _asked(name: str, built_s: float, ask: Ask, queries: Float32Array, wanted: Int64Array) -> Asked:
    ask(queries[0])
    times, found = [], 0
    for query, right in zip(queries, wanted, strict=True):
        started = time.process_time()
        ids = ask(query)
        times.append(1000 * (time.process_time() - started))
        found += len(np.intersect1d(ids, right))
    return Asked(name, built_s, found / wanted.size, times)


def _tell(one: Asked) -> None:
    median = statistics.median(one.times_ms)
    late = statistics.quantiles(one.times_ms, n=20)[-1]
    print(
        f"| {one.name} | {one.built_s:.0f} s | {one.recall:.4f} | {median:.2f}, {late:.2f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
