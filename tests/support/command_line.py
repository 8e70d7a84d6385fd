"""The command line as a process of its own, without the second that its imports take each time.

One process has imported all that commands need, and forks for every run. A run has its own
environment, descriptors, signals and exit code, as if it had been started by a shell. So has
``python -c`` with code that is to be killed.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_SERVER = """
import gc, json, os, sys
import api.cli.main
import api.cli.serve, api.container, api.http.app, binocle.encoders.colour, indexer.indexer
import search.searcher, faiss, cv2
os.nice = lambda _: 0  # tests wait for it
flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOCTTY
gc.freeze()  # runs share this memory
for line in sys.stdin:
    job = json.loads(line)
    child = os.fork()
    if not child:
        os.environ.clear()
        os.environ.update({"BINOCLE_RESIDENT": "0"} | job["environment"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(job["stdout"], flags), 1)
        os.dup2(os.open(job["stderr"], flags), 2)
        try:
            if job["code"]:
                sys.argv = ["-c", *job["arguments"]]
                exec(job["code"], {"__name__": "__main__"})
                sys.exit()
            api.cli.main.main(job["arguments"])
        except SystemExit as ended:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(ended.code or 0)  # taking apart what has been imported costs half a second
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class CommandLine:
    """Runs commands, one at a time."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process = process
        self._folder = folder

    def run(
        self, arguments: list[str], environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command; return its exit code and what it printed."""
        outputs = {name: self._folder / name for name in ("stdout", "stderr")}
        code = self._run(arguments, environment, outputs)
        shown = [outputs[name].read_text("utf-8") for name in ("stdout", "stderr")]
        return subprocess.CompletedProcess(arguments, code, *shown)

    def run_on(self, terminal: str, arguments: list[str], environment: Mapping[str, str]) -> int:
        """Run a command that prints on a device; return its exit code."""
        return self._run(arguments, environment, {"stdout": terminal, "stderr": terminal})

    def run_code(self, code: str, *arguments: object) -> int:
        """Run what ``python -c`` would; return its exit code, or the signal negated."""
        outputs = {name: self._folder / name for name in ("stdout", "stderr")}
        return self._run([*map(str, arguments)], os.environ, outputs, code)

    def _run(
        self,
        arguments: list[str],
        environment: Mapping[str, str],
        outputs: Mapping[str, str | Path],
        code: str | None = None,
    ) -> int:
        job = {"arguments": arguments, "environment": dict(environment), "code": code}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(
            json.dumps(job | {name: str(path) for name, path in outputs.items()}),
            file=self._process.stdin,
            flush=True,
        )
        return int(self._process.stdout.readline())


@contextmanager
def warm_command_line(folder: Path) -> Iterator[CommandLine]:
    """Give a command line whose imports are done."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if "BINOCLE" not in name},
        text=True,
    ) as process:
        yield CommandLine(process, folder)
