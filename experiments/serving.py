"""A service of its own for what looks at it with a browser."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_BINOCLE = (sys.executable, "-m", "api.cli.main")
_LOOK_EVERY_S = 0.1
_ENDS_WITHIN_S = 20


def run(home: Path, *arguments: str) -> None:
    """Run a command of Binocle in a home, without what it prints."""
    command = (*_BINOCLE, *arguments)
    subprocess.run(command, env=_environment(home), check=True, stdout=subprocess.DEVNULL)


@contextmanager
def served(home: Path) -> Iterator[str]:
    """Serve a home for a while, and give its address."""
    command = (*_BINOCLE, "serve", "--port", "0")
    with tempfile.TemporaryFile("w+") as log:  # a pipe that nobody reads would fill
        service = subprocess.Popen(command, env=_environment(home), stderr=log)
        try:
            yield _address(service, log)
        finally:
            service.terminate()
            try:
                service.wait(_ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                service.kill()
                service.wait()


def _address(service: subprocess.Popen[bytes], log: IO[str]) -> str:
    while service.poll() is None:
        log.seek(0)
        found = address_in(log.read())
        if found and _is_listening(found):  # it says its address some moments before
            return found
        time.sleep(_LOOK_EVERY_S)
    sys.exit("the service ended before it was ready")


def _is_listening(address: str) -> bool:
    host, _, port = address.removeprefix("http://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def address_in(text: str) -> str | None:
    """Return the address that a service says it is at; None where it has not said it yet."""
    found = re.search(r"(http://[^\s,]+?)[,/]?\s", text)
    return found[1] if found else None


def chromium() -> str:
    """Return where the browser is, or end."""
    found = shutil.which("chromium")
    if found is None:
        sys.exit("no 'chromium' on the PATH; try: apt-get install chromium")
    return found


def _environment(home: Path) -> dict[str, str]:
    return os.environ | {"BINOCLE_HOME": str(home)}
