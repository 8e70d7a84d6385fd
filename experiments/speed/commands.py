"""``scripts/bench commands``: whole commands, as somebody types them, from start to end."""

import argparse
import compileall
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from api.cli.resident.asking import SWITCH, socket_of
from experiments.speed.every_figure import ROOT
from experiments.speed.search_speed import make_pictures

_SEARCH = ("search", "-c", "bench", "red shapes")


@dataclass(frozen=True, slots=True)
class Took:
    """What a command took: seconds of a clock, and of all processors."""

    clock: float
    processors: float


def main() -> None:
    """Index pictures with ``mini``, and search for words with and without a resident process."""
    parser = argparse.ArgumentParser(prog="scripts/bench commands", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="JPEGs of 110 kB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default="mini")
    options = parser.parse_args()
    for name in ("api", "binocle", "indexer", "search"):  # as installing it does
        compileall.compile_dir(ROOT / name, quiet=2)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_pictures(folder / "pictures", options.count)
        print("| command | seconds: median, least, most | of processors |\n|---|---|---|")
        homes = [folder / f"home{number}" for number in range(options.rounds)]
        index = ("index", str(folder / "pictures"), "-c", "bench", "--model", options.model)
        took = [ran(index, home) for home in homes]
        rate = f"{options.count / statistics.median(one.clock for one in took):.0f} a second"
        tell(f"`index`, {options.count:,} pictures: {rate}", took)
        searches = 2 * options.rounds + 1
        own = [ran(_SEARCH, homes[0], {SWITCH: "0"}) for _ in range(searches)]
        tell("`search --no-resident`", own)
        tell("`search`, the next ones", searched_again(homes[0], searches))
        tell("`--version`", [ran(("--version",), homes[0]) for _ in range(searches)])


def searched_again(home: Path, count: int) -> list[Took]:
    """Return what searches take once a resident process listens, which is ended then."""
    socket = socket_of(("--home", str(home), *_SEARCH))
    ran(_SEARCH, home)
    waited = time.monotonic() + 60.0
    while socket is not None and not socket.exists() and time.monotonic() < waited:
        time.sleep(0.1)
    took = [ran(_SEARCH, home) for _ in range(count)]
    if socket is not None:
        socket.unlink(missing_ok=True)  # whoever listens there ends
    return took


def ran(arguments: Sequence[str], home: Path, more: Mapping[str, str] | None = None) -> Took:
    """Run a command in a home, without what it prints.

    What a resident process takes for it is not counted among the seconds of processors.
    """
    environment = os.environ | {"BINOCLE_HOME": str(home)} | dict(more or {})
    before, begun = _processors(), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "api.cli.main", *arguments],
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return Took(time.perf_counter() - begun, _processors() - before)


def tell(name: str, took: Sequence[Took]) -> None:
    """Print a row."""
    clocks = [one.clock for one in took]
    of_processors = statistics.median(one.processors for one in took)
    spread = f"{statistics.median(clocks):.2f}, {min(clocks):.2f}, {max(clocks):.2f}"
    print(f"| {name} | {spread} | {of_processors:.2f} |", flush=True)


def _processors() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
