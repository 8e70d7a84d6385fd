"""``python -m experiments.faults KIND... --trials N --seed S``: faults on purpose, and a table."""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from experiments.faults.injected import KINDS, injected_trial
from experiments.faults.power import power_trial
from experiments.faults.shim import built_shim
from experiments.faults.trials import Result, add_result, read_results, table_of
from experiments.faults.warm import warm_program


def main() -> None:
    """Run trials that have no result yet; print a table of all that have one."""
    parser = argparse.ArgumentParser(prog="python -m experiments.faults", description=__doc__)
    parser.add_argument("kinds", nargs="+", choices=["power", *KINDS], metavar="KIND",
                        help="power, io, kill, clock")  # fmt: skip
    parser.add_argument("--trials", type=int, default=20, help="of each kind")
    parser.add_argument("--seed", type=int, default=0, help="of the first trial")
    parser.add_argument("--results", type=Path, default=Path("faults.jsonl"), help="goes on there")
    options = parser.parse_args()
    done = {(one.kind, one.seed) for one in read_results(options.results)}
    with tempfile.TemporaryDirectory(prefix="faults-") as temporary:
        folder = Path(temporary)
        (folder / "outputs").mkdir()
        with warm_program(folder / "outputs", built_shim(folder)) as warm:
            for kind in options.kinds:
                for seed in range(options.seed, options.seed + options.trials):
                    if (kind, seed) in done:
                        continue
                    started = time.monotonic()
                    if kind == "power":
                        result = power_trial(warm, folder / "power", seed)
                    else:
                        result = injected_trial(warm, folder / "trial", kind, seed)
                    add_result(options.results, result)
                    _tell(result, time.monotonic() - started)
    print(table_of(read_results(options.results)))


def _tell(result: Result, took_s: float) -> None:
    what = f"{result.kind} {result.seed} {result.scene}, {result.fault}"
    print(f"{what}: {took_s:.1f} s, {len(result.problems)} problems", file=sys.stderr)
    for problem in result.problems:
        print(f"    {json.dumps(problem)}", file=sys.stderr)


if __name__ == "__main__":
    main()
