"""What an index costs from the first vector on: ``scripts/bench index-life --count N``.

Each step is a process of its own, as after a restart: vectors that were stored and never indexed,
the first answer, the lists that a thread makes meanwhile, opening again, and growing.
"""

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from binocle.collection.collection import Collection
from binocle.media.kinds import IMAGE
from binocle.types import Float32Array, NewPart, NewRecord, Space
from experiments.speed.search_speed import clustered

_AT_ONCE = 2000
_QUERIES = 50
_GROWN = 4  # a fourth as many come later

Step = Callable[[Path], dict[str, Any]]


def main() -> None:
    """Measure and print one line of JSON a step."""
    parser = argparse.ArgumentParser(prog="scripts/bench index-life", description=__doc__)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--dimension", type=int, default=512)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "collection")
        rows, queries = clustered(
            options.count * (_GROWN + 1) // _GROWN, _QUERIES, options.dimension
        )
        np.save(Path(temporary, "queries.npy"), queries)
        started = time.monotonic()
        store(folder, rows[: options.count], 0)
        print(json.dumps({"step": "store", "seconds": round(time.monotonic() - started, 1)}))
        for step in (first_answer, open_again):
            print(json.dumps({"step": step.__name__, **alone(step, folder)}), flush=True)
        store(folder, rows[options.count :], options.count)
        for step in (first_answer, open_again):
            told = alone(step, folder)
            print(json.dumps({"step": f"{step.__name__}, a fourth more", **told}), flush=True)


def store(folder: Path, rows: Float32Array, first: int) -> None:
    """Put vectors into the catalogue, without an index."""
    with Collection(folder, create=True) as collection:
        collection.claim_space(Space("bench", rows.shape[1], "bench"))
        for start in range(0, len(rows), _AT_ONCE):
            numbers = range(first + start, first + min(start + _AT_ONCE, len(rows)))
            collection.upsert([_record(number, rows[number - first]) for number in numbers])


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
    queries = np.load(folder.parent / "queries.npy")
    started = _now()
    with Collection(folder) as collection:
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
    queries = np.load(folder.parent / "queries.npy")
    started = _now()
    with Collection(folder) as collection:
        collection.snapshot().nearest(IMAGE, queries[:1], 10)
        answered = _seconds_since(started)
        return {"first_answer_s": answered, **_state(collection, queries)}


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


def _record(number: int, row: Float32Array) -> NewRecord:
    part = NewPart(IMAGE, "image", f"/{number}", number.to_bytes(32, "little"), row)
    return NewRecord(str(number), f"/{number}", {"bucket": number % 1000}, (part,))


if __name__ == "__main__":
    main()
