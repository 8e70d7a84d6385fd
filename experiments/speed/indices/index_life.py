"""What an index costs from the first vector on: ``scripts/bench index-life --count N``.

Each step is a process of its own, as after a restart: vectors that were stored and never indexed,
the first answer, the lists that a thread makes meanwhile, opening again, what is answered then
(``large_collection.py``), and growing.
"""

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from binocle.collection.collection import Collection
from binocle.media.kinds import IMAGE
from binocle.types import Float32Array, Space
from experiments.speed.indices.cross_modal import CrossModal
from experiments.speed.indices.large_collection import AT_ONCE, answers, records

_QUERIES = 60
_GROWN = 4  # a fourth as many come later

Step = Callable[[Path], dict[str, Any]]


def main() -> None:
    """Measure and print one line of JSON a step."""
    parser = argparse.ArgumentParser(prog="scripts/bench index-life", description=__doc__)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument(
        "--folder", type=Path, help="keeps the collection, or has one to go on with"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.folder or Path(temporary, "collection"))
        blocks = max(1, options.count // AT_ONCE)
        if not (folder.exists() and any(folder.iterdir())):
            _tell("store", _stored(folder, options.dimension, range(blocks)))
        _tell("first answer", alone(first_answer, folder))
        _tell("opened again", alone(open_again, folder))
        _tell("answers", alone(measure_answers, folder))
        more = range(blocks, blocks + max(1, blocks // _GROWN))
        _tell("store a fourth more", _stored(folder, options.dimension, more))
        _tell("first answer", alone(first_answer, folder))
        _tell("opened again", alone(open_again, folder))


def store(folder: Path, dimension: int, blocks: Iterable[int]) -> None:
    """Put blocks of vectors into the catalogue, without an index."""
    vectors = CrossModal(dimension)
    with Collection(folder, create=True) as collection:
        collection.claim_space(Space("bench", dimension, "bench"))
        for block in blocks:
            collection.upsert(records(vectors, block))


def measure_answers(folder: Path) -> dict[str, Any]:
    """Measure filters, relevant sets and removal; see ``large_collection``."""
    with Collection(folder) as collection:
        vectors = _vectors_of(collection)
        return answers(collection, vectors, vectors.asked(_QUERIES))


def alone(step: Step, folder: Path) -> dict[str, Any]:
    """Run a step in a fresh process, and return what it told."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_told, args=(step, folder, there))
    process.start()
    told: dict[str, Any] = here.recv()
    process.join()
    return told


def first_answer(folder: Path) -> dict[str, Any]:
    """Answer where the index is not what it should be, and wait until it is."""
    started = _now()
    with Collection(folder) as collection:
        queries = _vectors_of(collection).asked(_QUERIES)
        collection.snapshot().nearest(IMAGE, queries[:1], 10)
        answered = _seconds_since(started)
        meanwhile = _query_ms(collection, queries[:5])
        collection.save_indices()
        return {
            "first_answer_s": answered,
            "query_ms_meanwhile": meanwhile,
            "lists_after_s": _seconds_since(started),
            **_state(collection, queries),
        }


def open_again(folder: Path) -> dict[str, Any]:
    """Answer with the index that was saved."""
    started = _now()
    with Collection(folder) as collection:
        queries = _vectors_of(collection).asked(_QUERIES)
        collection.snapshot().nearest(IMAGE, queries[:1], 10)
        answered = _seconds_since(started)
        return {"first_answer_s": answered, **_state(collection, queries)}


def _stored(folder: Path, dimension: int, blocks: range) -> dict[str, Any]:
    started = _now()
    store(folder, dimension, blocks)
    return {"records": len(blocks) * AT_ONCE, "s": _seconds_since(started)}


def _vectors_of(collection: Collection) -> CrossModal:
    """Return what made the vectors of a collection."""
    assert collection.space is not None
    return CrossModal(collection.space.dimension)


def _tell(step: str, told: dict[str, Any]) -> None:
    print(json.dumps({"step": step, **told}), flush=True)


def _now() -> tuple[float, float]:
    return time.monotonic(), time.process_time()


def _seconds_since(started: tuple[float, float]) -> list[float]:
    """Return seconds that have passed, and of processor time, which other work changes less."""
    return [round(now - then, 2) for now, then in zip(_now(), started, strict=True)]


def _state(collection: Collection, queries: Float32Array) -> dict[str, Any]:
    view = collection.snapshot().vectors(IMAGE)
    approximate, exact = view.search(queries, 10), view.search(queries, 10, exact=True)
    found = [
        len(np.intersect1d(one.part_ids, other.part_ids)) / 10
        for one, other in zip(approximate, exact, strict=True)
    ]
    memory = _memory()
    return {
        "query_ms": _query_ms(collection, queries),
        "recall": round(float(np.mean(found)), 4),
        "index": view.description,
        "file_mb": (collection.path / "image.faiss").stat().st_size // 1_000_000,
        **memory,
    }


def _query_ms(collection: Collection, queries: Float32Array) -> float:
    times = []
    for query in queries:
        started = time.process_time()
        collection.snapshot().nearest(IMAGE, query[np.newaxis], 10)
        times.append(1000 * (time.process_time() - started))
    return round(statistics.median(times), 2)


def _memory() -> dict[str, int]:
    """Return megabytes: of this process's own, mapped from files, and the most there ever was."""
    status = Path("/proc/self/status").read_text()
    sizes = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if " kB" in line}
    return {
        "own_mb": int(sizes["RssAnon"]) // 1000,
        "mapped_mb": int(sizes["RssFile"]) // 1000,
        "most_mb": int(sizes["VmHWM"]) // 1000,
    }


def _told(step: Step, folder: Path, to: Connection) -> None:
    to.send(step(folder))


if __name__ == "__main__":
    main()
