"""``scripts/bench service``: many clients at once, with and without embedding them together."""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np

from binocle.collection.collection import Collection
from binocle.encoders.base import unit_rows
from binocle.encoders.registry import open_encoder
from binocle.encoders.untrained import write_model
from binocle.media.kinds import IMAGE
from binocle.types import Float32Array, NewPart, NewRecord

_WORDS = [
    "red", "blue", "dog", "lake", "child", "beach", "car", "tree",
    "snow", "city", "night", "bag", "shoe", "rose", "boat", "hill",
]  # fmt: skip
_CHUNK = 2000


def main() -> None:
    """Run the load and print its figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench service", description=__doc__)
    parser.add_argument("--records", type=int, default=50_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--model", help="else ViT-B-32-256 with random weights")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        model = options.model or str(write_model(home / "model"))
        fill(home / "collections" / "bench", model, options.records)
        print(f"{options.records:,} records, {options.clients} clients, {options.seconds:g} s each")
        for number in range(options.rounds):
            for batch in (32, 1):
                with serving(home, batch) as (url, _):
                    times = load(url, options.clients, options.seconds, seed=number)
                times.sort()
                print(
                    f"encode batch {batch:>2}: {len(times) / options.seconds:7.1f} queries/s, "
                    f"p50 {statistics.median(times):6.1f} ms, "
                    f"p99 {times[int(len(times) * 0.99)]:6.1f} ms"
                )


def fill(folder: Path, model: str, count: int) -> None:
    """Make a collection of random vectors in a model's space."""
    space = open_encoder(model).space
    rng = np.random.default_rng(0)
    with Collection(folder, create=True) as collection:
        collection.claim_space(space)
        for start in range(0, count, _CHUNK):
            rows = unit_rows(rng.standard_normal((min(_CHUNK, count - start), space.dimension)))
            collection.upsert([_record(number, row) for number, row in enumerate(rows, start)])
        collection.save_indices()


def _record(number: int, row: Float32Array) -> NewRecord:
    part = NewPart(IMAGE, "image", "/", number.to_bytes(32), row)
    return NewRecord(str(number), f"/{number}.jpg", {"bucket": number % 100}, (part,))


@contextmanager
def serving(
    home: Path,
    encode_batch: int,
    settings: Mapping[str, str] | None = None,
    *,
    log: Path = Path(os.devnull),
) -> Iterator[tuple[str, int]]:
    """Run the real service in a process of its own; give its address and the process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "BINOCLE_HOME": str(home),
        "BINOCLE_ENCODE_BATCH": str(encode_batch),
        **(settings or {}),
    }
    command = [sys.executable, "-m", "api.cli.main", "serve", "--port", str(port)]
    with (
        log.open("wb") as lines,
        subprocess.Popen(command, env=environment, stderr=lines) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        try:
            for _ in range(600):
                try:
                    if httpx.get(f"{url}/readyz", timeout=60).status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                time.sleep(0.1)
            yield url, process.pid
        finally:
            process.terminate()


def load(url: str, clients: int, seconds: float, *, seed: int) -> list[float]:
    """Search from several threads; return each query's milliseconds, or raise on an error."""
    times: list[float] = []
    errors: list[str] = []
    end = time.perf_counter() + seconds

    def search(client: int) -> None:
        rng = np.random.default_rng((seed, client))
        with httpx.Client(base_url=url, timeout=30) as http:
            while time.perf_counter() < end and not errors:
                words = " ".join([*rng.choice(_WORDS, 3), str(rng.integers(1_000_000))])
                started = time.perf_counter()
                answer = http.get("/v1/collections/bench/search", params={"q": words})
                times.append(1000 * (time.perf_counter() - started))
                if answer.status_code != 200:
                    errors.append(answer.text)

    threads = [threading.Thread(target=search, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise RuntimeError(errors[0])
    return times


if __name__ == "__main__":
    main()
