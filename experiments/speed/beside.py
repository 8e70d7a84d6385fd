"""``scripts/bench beside``: searches alone, and beside jobs that index or look for duplicates.

Searches come as fast as they are answered, from a few clients. Alone and beside take turns, so that
what else a machine does meets both.
"""

import argparse
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from experiments.speed.service_load import serving

_WORDS = ("red", "blue", "green", "bag", "shoe", "dog", "lake", "night", "tree", "small", "old")
_SIDE = 480
_PATH = "/v1/collections/bench"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print medians and 95th percentiles."""
    parser = argparse.ArgumentParser(prog="scripts/bench beside", description=__doc__)
    parser.add_argument(
        "--pictures", type=int, default=2000, help="that are there, and that a job indexes"
    )
    parser.add_argument("--model", default="mini")
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--pause-ms", type=float, default=100.0, help="between a client's searches")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        home, sources = Path(temporary) / "home", Path(temporary) / "sources"
        draw(sources / "first", options.pictures, seed=0)
        environment = {"BINOCLE_SOURCES": str(sources), "BINOCLE_MODEL": options.model}
        with (
            serving(home, 32, environment) as (url, _),
            httpx.Client(base_url=url, timeout=120) as http,
        ):
            bench = BesideJobs(http, sources, options)
            http.put(_PATH).raise_for_status()
            bench.wait(bench.index("first"))
            bench.searched(lambda: True, 3.0)
            for number in range(options.rounds):
                alone = bench.searched(lambda: True, options.seconds)
                told("alone", alone, alone)
                draw(sources / f"more{number}", options.pictures, seed=number + 1)
                told("beside an index job", bench.beside(bench.index(f"more{number}")), alone)
                told("beside a duplicates job", bench.beside(bench.start("duplicates")), alone)
                shutil.rmtree(sources / f"more{number}")


def draw(folder: Path, count: int, *, seed: int) -> None:
    """Write pictures of blurred noise, none like another."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    for number in range(count):
        coarse = random.integers(0, 256, (12, 12, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
        picture.save(folder / f"{number:05}.jpg", quality=88)


class BesideJobs:
    """Searches and jobs of one service."""

    def __init__(self, http: httpx.Client, sources: Path, options: argparse.Namespace) -> None:
        self._http, self._sources = http, sources
        self._clients, self._pause_s = options.clients, options.pause_ms / 1000
        self._seconds = options.seconds

    def index(self, folder: str) -> str:
        """Start a job that indexes a folder; return its id."""
        return self.start("jobs", source=str(self._sources / folder))

    def start(self, kind: str, **body: str) -> str:
        """Start a job; return its id."""
        answer = self._http.post(f"{_PATH}/{kind}", json=body or None)
        answer.raise_for_status()
        return str(answer.json()["id"])

    def has_ended(self, job: str) -> bool:
        """Tell whether a job has ended.

        Raises:
            RuntimeError: It has failed.
        """
        told = self._http.get(f"{_PATH}/jobs/{job}").json()
        if told["state"] in ("failed", "cancelled"):
            raise RuntimeError(f"the job has {told['state']}: {told['error']}")
        return bool(told["state"] == "done")

    def wait(self, job: str) -> None:
        """Wait until a job has ended."""
        while not self.has_ended(job):
            time.sleep(0.2)

    def beside(self, job: str) -> list[float]:
        """Search until a job has ended; return the milliseconds of each search."""
        times = self.searched(lambda: not self.has_ended(job), self._seconds)
        self.wait(job)
        return times

    def searched(self, goes_on: Callable[[], bool], seconds: float) -> list[float]:
        """Search while something goes on, at most so long; return the milliseconds of each."""
        times: list[float] = []
        ended = threading.Event()

        def search(client: int) -> None:
            random = np.random.default_rng((client, time.time_ns()))
            with httpx.Client(base_url=self._http.base_url, timeout=60) as http:
                while not ended.is_set():
                    words = " ".join([*random.choice(_WORDS, 2), str(random.integers(1_000_000))])
                    begun = time.perf_counter()
                    http.get(f"{_PATH}/search", params={"q": words}).raise_for_status()
                    times.append(1000 * (time.perf_counter() - begun))
                    ended.wait(self._pause_s)

        threads = [threading.Thread(target=search, args=(one,)) for one in range(self._clients)]
        for thread in threads:
            thread.start()
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until and goes_on():
                time.sleep(0.5)
        finally:
            ended.set()
            for thread in threads:
                thread.join()
        return times


def told(name: str, times: Sequence[float], alone: Sequence[float]) -> None:
    """Print what searches took."""
    if len(times) < 20:
        print(f"{name}: the job ended after {len(times)} searches; use more --pictures")
        return
    p95, p95_alone = (statistics.quantiles(some, n=20)[-1] for some in (times, alone))
    print(
        f"{name:<24} {len(times):>5} searches, p50 {statistics.median(times):6.1f} ms, "
        f"p95 {p95:6.1f} ms, {p95 / p95_alone:.2f} times alone"
    )


if __name__ == "__main__":
    main()
