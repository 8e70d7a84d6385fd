"""The program in processes of its own, without the seconds that its imports take each time.

One process has imported all that commands need, with the shim preloaded, and forks for each; see
``errands``. What it forks watches a folder by a plan; see ``shim``.
"""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from experiments.faults.errands import Errand

_LONGEST_S = 120.0
_LONGEST_START_S = 90.0
_LONGEST_REFUSAL_S = 5.0
_TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Child:
    """A process that runs a command, leading a group of its own."""

    def __init__(self, warm: "WarmProgram", pid: int, output: Path) -> None:
        self._warm = warm
        self.pid = pid
        self._output = output
        self._code: int | None = None
        self._polling = threading.Lock()

    def code(self) -> int | None:
        """Return its exit code, negative for a signal's; None while it runs."""
        with self._polling:
            if self._code is None:
                self._code = self._warm.ask({"poll": self.pid})
            return self._code

    def wait(self, longest_s: float = _LONGEST_S) -> int:
        """Return its exit code once it has ended.

        Raises:
            TimeoutError: It does not end.
        """
        deadline = time.monotonic() + longest_s
        while (code := self.code()) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"still running: {self.printed()[-400:]}")
            time.sleep(0.01)
        return code

    def end(self) -> None:
        """Kill it and what it has started."""
        if self.code() is None:
            os.killpg(self.pid, signal.SIGKILL)
            self.wait()

    def stop(self) -> None:
        """Stop it; return when all its threads stand still, in no call of the system."""
        os.kill(self.pid, signal.SIGSTOP)
        while not self.is_stopped():
            time.sleep(0.001)

    def is_stopped(self) -> bool:
        """Tell whether all its threads stand still."""
        states = [_state_of(task) for task in Path(f"/proc/{self.pid}/task").iterdir()]
        return bool(states) and set(states) <= {"T", "Z", "X"}

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def printed(self) -> str:
        """Return what it has printed."""
        return self._output.read_text("utf-8", "replace") if self._output.exists() else ""


def _state_of(task: Path) -> str:
    try:
        return (task / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"  # it has ended


class WarmProgram:
    """Starts children of a process that has everything imported."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._started = 0
        self._asking = threading.Lock()

    def start(
        self,
        arguments: Sequence[str],
        home: Path,
        *,
        plan: Path | None = None,
    ) -> Child:
        """Start a command.

        Args:
            arguments: What follows ``binocle``.
            home: The data home, which a plan watches.
            plan: The plan's file.
        """
        self._started += 1
        output = self._folder / f"output-{self._started}"
        environment = {
            **{name: value for name, value in os.environ.items() if "BINOCLE" not in name},
            "BINOCLE_HOME": str(home),
            "BINOCLE_MODEL": "colour",
            "BINOCLE_WORKERS": "1",
        }
        errand = Errand(arguments, str(output), environment, str(plan) if plan else None, str(home))
        pid = self.ask({"start": asdict(errand)})
        assert pid is not None
        return Child(self, pid, output)

    def ask(self, request: Mapping[str, object]) -> int | None:
        """Send a request; return its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._asking:
            print(json.dumps(request), file=self._process.stdin, flush=True)
            answer = json.loads(self._process.stdout.readline())
        return None if answer is None else int(answer)


@contextmanager
def warm_program(folder: Path, shim: Path | None) -> Iterator[WarmProgram]:
    """Give a program whose imports are done.

    Args:
        folder: Where outputs go.
        shim: The library, see ``shim.built_shim``; None for faults that Python makes.
    """
    preloaded = {} if shim is None else {"LD_PRELOAD": str(shim)}
    environment = {**os.environ, **preloaded, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "experiments.faults.errands"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield WarmProgram(process, folder)


def visiting(url: str, *, timeout_s: float) -> httpx.Client:
    """Return what makes requests below an address, without reading whom TLS trusts first."""
    return httpx.Client(base_url=url, timeout=timeout_s, verify=_TRUSTS_NOBODY)


@dataclass(frozen=True, slots=True)
class Served:
    """A service that has been started.

    Attributes:
        child: Its process.
        url: Its address.
        is_disturbed: A fault may keep it from ever being ready.
    """

    child: Child
    url: str
    is_disturbed: bool

    def is_ready(self) -> bool:
        """Wait until it answers; tell whether it does, or has ended or been stopped instead."""
        deadline = time.monotonic() + _LONGEST_START_S
        with visiting(self.url, timeout_s=5) as http:
            while time.monotonic() < deadline:
                if self.child.code() is not None or self.child.is_stopped():
                    return False
                try:
                    if http.get("/readyz").is_success:
                        return True
                except httpx.TransportError:
                    pass
                else:
                    if self.is_disturbed:
                        deadline = min(deadline, time.monotonic() + _LONGEST_REFUSAL_S)
                time.sleep(0.02)
        return False


@contextmanager
def serving(warm: WarmProgram, home: Path, *, plan: Path | None = None) -> Iterator[Served]:
    """Give a service that is starting; it is killed in the end."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    child = warm.start(["serve", "--port", str(port)], home, plan=plan)
    try:
        yield Served(child, f"http://127.0.0.1:{port}", is_disturbed=plan is not None)
    finally:
        child.end()
