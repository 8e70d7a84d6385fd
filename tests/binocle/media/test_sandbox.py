"""What a process cannot do once it has given up its rights."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"),
    reason="the system has no filter for calls",
)
_BEFORE = """
import ctypes, os, signal, socket, subprocess, sys, threading
from binocle.media.sandbox import give_up_rights
libc = ctypes.CDLL(None, use_errno=True)
TGKILL = 234 if os.uname().machine == "x86_64" else 131
def refused():
    raise OSError(ctypes.get_errno(), "refused")
path, data = sys.argv[1], open(sys.argv[1]).read()
assert give_up_rights(2 * 1024**3)
"""


def after_giving_up(code: str, path: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", _BEFORE + code, path],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "code",
    [
        "socket.socket()",
        "socket.socketpair()",
        "socket.socket(socket.AF_UNIX)",
        "subprocess.run(['/bin/true'])",
        "os.execv('/bin/true', ['true'])",
        "os.fork()",
        "os.kill(os.getppid(), 0)",
        "open(path, 'a')",
        "open(path + '.new', 'x')",
        "os.truncate(path, 0)",
        "os.unlink(path)",
        "os.rename(path, path + '.new')",
        "os.chmod(path, 0o777)",
        "os.mkdir(path + '.new')",
        "os.symlink(path, path + '.new')",
        "os.memfd_create('a')",
        "os.utime(path)",
        "os.setxattr(path, 'user.a', b'b')",
        "os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)",
        "import resource; resource.prlimit(os.getppid(), resource.RLIMIT_CPU)",
        "signal.pidfd_send_signal(0, 0)",
        "os.sched_setscheduler(os.getppid(), os.SCHED_OTHER, os.sched_param(0))",
        "libc.syscall(TGKILL, os.getppid(), os.getppid(), 0) and refused()",
    ],
)
def test_nothing_but_computing_is_possible(tmp_path: Path, code: str) -> None:
    file = tmp_path / "file"
    file.write_text("there")
    ended = after_giving_up(code, str(file))
    assert ended.returncode == 1
    assert "PermissionError: [Errno 1]" in ended.stderr, ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert file.read_text() == "there"


def test_computing_threads_and_pipes_go_on(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("there")
    code = """
done = []
threads = [threading.Thread(target=lambda: done.append(sum(range(1000)))) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len(done) == 4 and open(path).read() == data
print("computed")
"""
    ended = after_giving_up(code, str(file))
    assert ended.stdout == "computed\n", ended.stderr


def test_memory_is_limited(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("there")
    assert "MemoryError" in after_giving_up("bytearray(3 * 1024**3)", str(file)).stderr
