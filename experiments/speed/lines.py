"""``scripts/bench lines``: records in by the line with curl, a kill in the middle, and out again.

Lines are answered while others are still sent: some are sent and their outcomes awaited before the
next. Then all are sent as fast as they are taken, the service is killed in the middle, started
again, and what was not answered is sent again. In the end suggestions are asked for.
"""

import argparse
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from experiments.speed.service_load import serving

_FIRST = 1000
_PATIENCE_S = 300.0
_PAGE = 1000
_TYPED = 400
_THINGS = ("red", "green", "blue", "black", "white")


def main(arguments: Sequence[str] | None = None) -> None:
    """Send lines and print figures.

    Raises:
        RuntimeError: A record was lost, or came twice.
    """
    parser = argparse.ArgumentParser(prog="scripts/bench lines", description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--model", default="colour")
    options = parser.parse_args(arguments)
    lines = [line_of(number) for number in range(options.lines)]
    with tempfile.TemporaryDirectory() as temporary:
        home, settings = Path(temporary), {"BINOCLE_MODEL": options.model}
        with serving(home, 32, settings) as (url, process):
            httpx.put(f"{url}/v1/collections/c").raise_for_status()
            before = memory_mb(process)
            first = Import(url)
            first.send(lines[:_FIRST])
            first.wait_for(_FIRST)
            print(f"{_FIRST:,} lines were answered while the request went on")
            begun = time.perf_counter()
            first.send(lines[_FIRST:], stop_at=options.lines // 2)
            first.wait_for(options.lines // 2)
            seconds = time.perf_counter() - begun
            answered = len(first.outcomes) - _FIRST
            print(
                f"{answered / seconds:,.0f} lines/s; at most {first.most_ahead:,} lines sent and "
                f"not answered; memory {before:.0f} MB before, {memory_mb(process):.0f} MB at most"
            )
            os.kill(process, signal.SIGKILL)
            first.close()
        with serving(home, 32, settings) as (url, _):
            go_on(url, lines, len(first.outcomes))


def go_on(url: str, lines: Sequence[str], kept: int) -> None:
    """Send again what was not answered, and read all records.

    Raises:
        RuntimeError: A record was lost, or came twice.
    """
    there = count(url)
    print(f"killed after {kept:,} answers: {there:,} records are there")
    if there < kept:
        raise RuntimeError(f"{kept - there} records are lost that were told to be stored")
    again = Import(url)
    begun = time.perf_counter()
    again.send(lines[kept:])
    end = again.finish()
    print(f"the rest, {len(lines) - kept:,}, in {time.perf_counter() - begun:.0f} s: {end}")
    begun = time.perf_counter()
    ids = list(listed(url))
    print(f"{len(ids):,} records out in {time.perf_counter() - begun:.1f} s")
    suggested(url)
    if sorted(ids) != sorted(f"r{number}" for number in range(len(lines))):
        raise RuntimeError(f"{len(set(ids)):,} of {len(lines):,} records are there")


def suggested(url: str) -> None:
    """Type beginnings of titles, and print how long suggestions took."""
    with httpx.Client(base_url=url, timeout=60) as http:

        def suggest(typed: str) -> list[object]:
            found = http.get("/v1/collections/c/suggestions", params={"q": typed}).json()
            return list(found["suggestions"])

        while not suggest("red"):
            time.sleep(0.5)  # they are gathered
        times = []
        for number in range(_TYPED):
            typed = f"{_THINGS[number % len(_THINGS)]} thing, model {number}"[: 2 + number % 20]
            begun = time.perf_counter()
            suggest(typed)
            times.append(1000 * (time.perf_counter() - begun))
    times.sort()
    middle, late = times[_TYPED // 2], times[_TYPED * 95 // 100]
    print(f"suggestions: {middle:.1f} ms in the median, {late:.1f} ms at the 95th percentile")


def line_of(number: int) -> str:
    """Return a record of a text and some metadata."""
    color = _THINGS[number % len(_THINGS)]
    record = {
        "id": f"r{number}",
        "texts": {"title": f"{color} thing, model {number % 1000}"},
        "metadata": {"price": number % 500, "color": color},
    }
    return json.dumps(record)


@dataclass
class Import:
    """An import by curl, which sends and reads at once.

    Attributes:
        url: Of the service.
        outcomes: What lines were answered with, as far as they were.
        most_ahead: How many lines were sent and not answered at most, those in pipes included.
    """

    url: str
    outcomes: list[str] = field(default_factory=list)
    most_ahead: int = 0
    _sent: int = 0

    def __post_init__(self) -> None:
        """Begin."""
        url = f"{self.url}/v1/collections/c/records:import"
        command = ["curl", "-sSN", "--no-progress-meter", "-X", "POST", "-T", ".", url]
        command += ["-H", "Content-Type: application/x-ndjson", "-H", "Expect:"]
        # -T . reads what comes in while it sends; -T - waits for one, then for the other
        self._curl = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def send(self, lines: Sequence[str], *, stop_at: int | None = None) -> None:
        """Send lines as fast as they are taken, until so many in all are answered."""
        assert self._curl.stdin is not None
        for line in lines:
            self._curl.stdin.write(line + "\n")
            self._sent += 1
            self.most_ahead = max(self.most_ahead, self._sent - len(self.outcomes))
            if stop_at is not None and len(self.outcomes) >= stop_at:
                return

    def wait_for(self, count: int) -> None:
        """Wait until so many lines are answered.

        Raises:
            RuntimeError: They are not, for minutes.
        """
        assert self._curl.stdin is not None
        self._curl.stdin.flush()
        until = time.monotonic() + _PATIENCE_S
        while len(self.outcomes) < count:
            if time.monotonic() > until:
                raise RuntimeError(f"{len(self.outcomes):,} of {count:,} lines were answered")
            time.sleep(0.01)

    def finish(self) -> str:
        """Send no more; return the last line of the answer."""
        self.close()
        return self.outcomes[-1]

    def close(self) -> None:
        """Send no more, and read what still comes."""
        assert self._curl.stdin is not None
        assert self._curl.stdout is not None
        with suppress(BrokenPipeError):  # the service is gone
            self._curl.stdin.close()
        self._reading.join()
        self._curl.stdout.close()
        self._curl.wait()

    def _read(self) -> None:
        assert self._curl.stdout is not None
        for line in self._curl.stdout:
            if line.endswith("\n"):  # what was cut is no answer
                self.outcomes.append(line.strip())


def memory_mb(process: int) -> float:
    """Return the most memory that a process has had."""
    status = Path(f"/proc/{process}/status").read_text()
    [peak] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(peak.split()[1]) / 1024


def count(url: str) -> int:
    """Return how many records there are."""
    return int(httpx.get(f"{url}/v1/collections/c", timeout=60).json()["records"])


def listed(url: str) -> Iterator[str]:
    """Give the ids of all records, page by page."""
    cursor = None
    with httpx.Client(base_url=url, timeout=60) as http:
        while True:
            chosen = {"limit": _PAGE} | ({"cursor": cursor} if cursor else {})
            page = http.get("/v1/collections/c/records", params=chosen).json()
            yield from (one["id"] for one in page["records"])
            cursor = page["cursor"]
            if cursor is None:
                return


if __name__ == "__main__":
    main()
