"""``scripts/bench all``: every measurement, one after the other, as a document and as JSON.

What each prints is kept as it is, with its command, how long it took, and what else ran on the
machine. Ratios within one measurement are what to trust. With ``--only`` the others stay in the
document as they were measured before, if that was on this machine with these versions.
"""

import argparse
import json
import os
import platform
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("torch", "faiss-cpu", "numpy", "pillow", "open_clip_torch", "sqlalchemy", "fastapi")
_FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
MEASUREMENTS = {
    "commands": ("Commands, from start to end", "--count 1000 --rounds 3"),
    "pictures": ("Pictures: decoded, embedded, indexed", "--rounds 3 --count 600"),
    "pictures-mini": ("The same with the embedded model", "--rounds 3 --count 600 --model mini"),
    "index-life": ("An index from its first vector on", "--count 200000"),
    "peers": ("The index beside others", "--count 200000"),
    "search": ("Searches in the process", "--count 100000"),
    "filters": ("Filters, facets, sort orders", "--count 1000000 --rounds 7"),
    "wire": ("A search over HTTP", "--rounds 40"),
    "service": ("Many clients", "--seconds 20"),
    "beside": ("Searches beside jobs", "--pictures 1000 --seconds 12 --rounds 2"),
    "lines": ("Records by the line", "--lines 20000"),
    "page": ("The page's first tiles", ""),
}
_QUICK = {
    "commands": "--count 40 --rounds 1",
    "pictures": "--rounds 1 --count 100",
    "pictures-mini": "--rounds 1 --count 100 --model mini",
    "index-life": "--count 8000 --dimension 64",
    "peers": "--count 5000 --dimension 64 --queries 20",
    "search": "--count 2000",
    "filters": "--count 5000 --rounds 1",
    "wire": "--rounds 3 --records 500",
    "service": "--seconds 2 --records 500 --rounds 1 --model colour",
    "beside": "--pictures 20 --seconds 2 --rounds 1",
    "lines": "--lines 500",
    "page": "--count 200 --rounds 1",
}


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a measurement printed.

    Attributes:
        name: As in ``MEASUREMENTS``.
        title: What it is about.
        command: What was run.
        took_s: Seconds of a clock.
        load: Processes that wanted a core, before and after.
        printed: What it told.
        failed: What it said where it failed; empty otherwise.
        day: When, in UTC.
    """

    name: str
    title: str
    command: str
    took_s: float
    load: tuple[float, float]
    printed: str
    failed: str
    day: str


def main() -> None:
    """Run the measurements and write the document after each."""
    parser = argparse.ArgumentParser(prog="scripts/bench all", description=__doc__)
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "performance.md")
    parser.add_argument("--only", action="append", choices=list(MEASUREMENTS))
    parser.add_argument("--quick", action="store_true", help="small, to see that all of it runs")
    parser.add_argument("--quarter", action="store_true", help="a fourth of the counts")
    options = parser.parse_args()
    done = earlier(options.to) if options.only else {}
    for name, (title, usual) in MEASUREMENTS.items():
        if options.only and name not in options.only:
            continue
        arguments = _QUICK[name] if options.quick else usual
        if options.quarter:
            arguments = re.sub(
                r"--count (\d+)", lambda one: f"--count {int(one[1]) // 4}", arguments
            )
        done[name] = measured(name, title, arguments)
        print(f"{name}: {done[name].took_s:.0f} s {done[name].failed}", file=sys.stderr)
        every = [done[one] for one in MEASUREMENTS if one in done]
        options.to.write_text(document(every), "utf-8")
        facts = {"machine": machine(), "measurements": [asdict(one) for one in every]}
        options.to.with_suffix(".json").write_text(json.dumps(facts, indent=1), "utf-8")
    sys.exit(any(one.failed for one in done.values()))


def earlier(to: Path) -> dict[str, Measurement]:
    """Return by name what was measured before for a document, on this machine as it is."""
    path = to.with_suffix(".json")
    facts = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    if facts.get("machine") != machine():
        return {}
    names = {one.name for one in fields(Measurement)}
    told = [one for one in facts["measurements"] if one.keys() == names]
    return {one["name"]: Measurement(**one | {"load": tuple(one["load"])}) for one in told}


def measured(name: str, title: str, arguments: str) -> Measurement:
    """Run one measurement in a process of its own."""
    bench = name.partition("-mini")[0]
    command = [sys.executable, "-m", "experiments.speed", bench, *shlex.split(arguments)]
    before, started = os.getloadavg()[0], time.monotonic()
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    took_s = time.monotonic() - started
    failed = ran.stderr.strip().splitlines()[-1:] if ran.returncode else []
    return Measurement(
        name,
        title,
        f"scripts/bench {bench} {arguments}".strip(),
        round(took_s, 1),
        (round(before, 1), round(os.getloadavg()[0], 1)),
        ran.stdout.strip(),
        "".join(failed),
        f"{datetime.now(UTC):%Y-%m-%d}",
    )


def document(measurements: Sequence[Measurement]) -> str:
    """Return what was measured as Markdown."""
    facts = machine()
    flags = f" ({facts['flags']})" if facts["flags"] else ""
    lines = [
        "# Performance",
        "",
        f"Made by `scripts/bench all`: {facts['processor']},",
        f"{facts['cores']} cores{flags}, {facts['memory_gib']} GiB; {facts['versions']}.",
        "The same as JSON lies beside it. What the figures mean, and those of other machines:",
        "[benchmarks.md](benchmarks.md).",
        "",
    ]
    absent = [name for name in MEASUREMENTS if name not in {one.name for one in measurements}]
    if absent:
        lines += [f"Not measured on this machine: {', '.join(absent)}.", ""]
    for one in measurements:
        lines += [f"## {one.title}", ""]
        busy = f"load {one.load[0]:g} before and {one.load[1]:g} after"
        lines += [f"`{one.command}` on {one.day}, {one.took_s:.0f} s, {busy}", ""]
        if one.failed:
            lines += [f"It failed: {one.failed}", ""]
        if one.printed:
            is_table = one.printed.count("\n|") > 1
            lines += [one.printed if is_table else f"```\n{one.printed}\n```", ""]
    return "\n".join(lines)


def machine() -> dict[str, str | int | None]:
    """Return what the figures are of."""
    told = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    name = re.search(r"model name\s*: (.*)", told)
    flags = set((re.search(r"flags\s*: (.*)", told) or [""])[0].split())
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": name[1].strip() if name else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "flags": ", ".join(one for one in _FLAGS if one in flags),
        "memory_gib": round(pages / 2**30),
        "versions": ", ".join([f"Python {platform.python_version()}", *_versions()]),
    }


def _versions() -> list[str]:
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    main()
