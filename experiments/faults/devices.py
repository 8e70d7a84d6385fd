"""Devices in files, an ext4 on them, and the end of their power. Needs root and loop mounts."""

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from experiments.faults.promises import Promises
from experiments.faults.scenes import Scene

_SIZE_BYTES = 64 * 1024 * 1024
_JOURNAL_S = 600  # ext4 writes nothing by itself that the program did not ask for
_UNMOUNTS, _BETWEEN_S = 20, 0.5


def formatted(device: Path) -> Path:
    """Make an ext4 in a file; return the file."""
    with device.open("wb") as file:
        file.truncate(_SIZE_BYTES)
    subprocess.run(["mkfs.ext4", "-q", "-F", device], check=True)
    return device


def _unmount(mount: Path) -> None:
    """Unmount; what was killed may hold a file there for a moment yet."""
    for _ in range(_UNMOUNTS - 1):
        if subprocess.run(["umount", mount], capture_output=True, check=False).returncode == 0:
            return
        time.sleep(_BETWEEN_S)
    subprocess.run(["umount", mount], check=True)


@contextmanager
def mounted(device: Path, mount: Path) -> Iterator[Path]:
    """Have a device in a file mounted at a folder."""
    mount.mkdir(exist_ok=True)
    options = f"loop,commit={_JOURNAL_S}"
    subprocess.run(["mount", "-o", options, device, mount], check=True)
    try:
        yield mount
    finally:
        _unmount(mount)


class Cutter(threading.Thread):
    """Waits for the moment of a cut; then copies the device and kills the program.

    Attributes:
        promises: What was promised at that moment.
    """

    def __init__(self, scene: Scene, device: Path, copy: Path, at: int, delay_s: float) -> None:
        """Set up; ``start`` begins to wait.

        Args:
            scene: What goes on.
            device: The file that is the device.
            copy: Where it is copied to.
            at: After how many calls the cut is; 0 for when a fault stops the program.
            delay_s: How long after that.
        """
        super().__init__()
        self._scene, self._device, self._copy = scene, device, copy
        self._at, self._delay_s = at, delay_s
        self._is_over = threading.Event()
        self.promises: Promises | None = None

    def run(self) -> None:
        """Wait, and cut."""
        plan = self._scene.plan
        while not self._is_over.is_set():
            child = self._scene.child
            is_due = plan.fired or (self._at and plan.count >= self._at)
            if is_due and child is not None and child.code() is None:
                time.sleep(self._delay_s)
                self.cut()
                if (stopped := self._scene.child) is not None:  # the next one, after the delay
                    stopped.end()
                return
            time.sleep(0.002)

    def cut(self) -> None:
        """Copy the device as it is, and what is promised by then."""
        child = self._scene.child
        if child is not None and child.code() is None:
            child.stop()
        shutil.copyfile(self._device, self._copy)
        self.promises = self._scene.promises.copy()

    def end(self) -> None:
        """Wait for no moment any more; where it has not come, it is now."""
        self._is_over.set()
        self.join()
        if self.promises is None:
            self.cut()
