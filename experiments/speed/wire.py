"""``scripts/bench wire``: what a search costs on its way, beside the search itself."""

import argparse
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from binocle.collection.collection import Collection
from binocle.encoders.registry import open_encoder
from binocle.types import Limits
from experiments.speed.service_load import fill, serving
from search.query.query import Query, Term
from search.searcher import Searcher

_AT_ONCE = 20
_HITS = 20
_BUNCH = 10  # what was not asked for a while has been moved out of the caches
_MODEL = "colour"
_PATH = "/v1/collections/bench/search"


def main() -> None:
    """Ask the same in every way, one way after the other, and print medians and quartiles."""
    parser = argparse.ArgumentParser(prog="scripts/bench wire", description=__doc__)
    parser.add_argument("--records", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "collections" / "bench"
        fill(folder, _MODEL, options.records)
        encoder = open_encoder(_MODEL)
        with (
            Collection(folder) as collection,
            serving(Path(temporary), 32) as (url, _),
            httpx.Client(base_url=url, timeout=60) as http,
        ):
            searcher = Searcher(collection, lambda: encoder, limits=Limits())
            times = measured(ways(searcher, http, url), options.rounds)
    print(f"{options.records:,} records, {options.rounds} rounds; ms a query\n")
    print("| way | median | quartiles |\n|---|---|---|")
    for name, some in times.items():
        low, middle, high = statistics.quantiles(some, n=4)
        print(f"| {name} | {middle:.2f} | {low:.2f} – {high:.2f} |")


def ways(
    searcher: Searcher, http: httpx.Client, url: str
) -> Mapping[str, tuple[Callable[[str], object], int]]:
    """Return by name what asks for a text, and how many queries that is."""

    def checked(answer: httpx.Response) -> None:
        answer.raise_for_status()

    def body(text: str) -> dict[str, object]:
        return {"query": text, "limit": _HITS}

    def batch(text: str) -> dict[str, object]:
        return {"searches": [body(f"{text} {number}") for number in range(_AT_ONCE)]}

    def anew(text: str) -> None:
        with httpx.Client(base_url=url, verify=False) as fresh:  # noqa: S501 - there is no TLS
            checked(fresh.post(_PATH, json=body(text)))

    def within(texts: list[str]) -> None:
        searcher.search_many([Query((Term(text=one),), limit=_HITS) for one in texts])

    return {
        "in the process, one": (lambda text: within([text]), 1),
        f"in the process, {_AT_ONCE} together": (
            lambda text: within([f"{text} {number}" for number in range(_AT_ONCE)]), _AT_ONCE,
        ),
        "HTTP, nothing asked (/healthz)": (lambda _: checked(http.get("/healthz")), 1),
        "HTTP, one": (lambda text: checked(http.post(_PATH, json=body(text))), 1),
        "HTTP, one, the same again": (lambda _: checked(http.post(_PATH, json=body("red bag"))), 1),
        "HTTP, one, a connection each": (anew, 1),
        f"HTTP, {_AT_ONCE} in a request": (
            lambda text: checked(http.post(f"{_PATH}/batch", json=batch(text))), _AT_ONCE,
        ),
    }  # fmt: skip


def measured(
    ways: Mapping[str, tuple[Callable[[str], object], int]], rounds: int
) -> dict[str, list[float]]:
    """Return of each way the milliseconds a query took.

    Ways take turns of some queries each; the first of them is left out.
    """
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(math.ceil(rounds / _BUNCH)):
        for name, (ask, count) in ways.items():
            for number in range(_BUNCH + 1):
                begun = time.perf_counter()
                ask(f"red bag {turn} {number} {name}")
                if number:
                    times[name].append(1000 * (time.perf_counter() - begun) / count)
    return times


if __name__ == "__main__":
    main()
