"""What changes in a followed folder is in the collection soon, and nothing else happens."""

import errno
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from binocle.errors import BusyError, StorageError
from indexer.sources.folder import FolderSource
from indexer.watching import FolderFollower, file_system_of
from tests.support import Bench, picture_bytes


class Following:
    """A follower in a thread, and what it did."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.runs: list[Path] = []
        self.told: list[str] = []
        self.is_busy = False
        self.fails: OSError | StorageError | None = None

    def index(self, path: Path) -> None:
        if self.is_busy:
            raise BusyError("another run")
        if self.fails is not None:
            raise self.fails
        self.runs.append(path)
        self.bench.index(FolderSource(path))

    def keys(self) -> list[str]:
        return [one.split("/", 1)[1] for one in self.bench.ids()]


@contextmanager
def following(bench: Bench, folder: Path, **options: float) -> Iterator[Following]:
    state, stop = Following(bench), threading.Event()
    defaults = {"quiet_s": 0.1, "every_s": 0.2}
    follower = FolderFollower(
        [folder],
        state.index,
        state.told.append,
        **{**defaults, **options},  # type: ignore[arg-type]
    )
    thread = threading.Thread(target=follower.run, args=(stop,))
    thread.start()
    try:
        yield state
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


def eventually(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def put(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture_bytes(seed))


@pytest.mark.parametrize("poll", [False, True])
def test_new_changed_and_removed_pictures_follow(bench: Bench, tmp_path: Path, poll: bool) -> None:
    folder = tmp_path / "pictures"
    put(folder / "a.jpg", 1)
    with following(bench, folder, poll=poll) as state:
        eventually(lambda: state.keys() == ["a.jpg"])
        put(folder / "deep" / "er" / "b.jpg", 2)
        eventually(lambda: state.keys() == ["a.jpg", "deep/er/b.jpg"])
        (folder / "a.jpg").rename(folder / "c.jpg")
        eventually(lambda: state.keys() == ["c.jpg", "deep/er/b.jpg"])
        shutil.rmtree(folder / "deep")
        eventually(lambda: state.keys() == ["c.jpg"])


def test_a_burst_is_few_runs_over_the_folder_that_has_it(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    put(folder / "a.jpg", 1)
    (folder / "in").mkdir()
    with following(bench, folder, quiet_s=0.5) as state:
        eventually(lambda: state.keys() == ["a.jpg"])
        time.sleep(1.5)
        before = len(state.runs)
        for number in range(30):
            put(folder / "in" / f"{number:02}.jpg", number)
            time.sleep(0.01)
        eventually(lambda: len(state.keys()) == 31)
        assert len(state.runs) - before <= 3
        assert set(state.runs[before:]) == {folder / "in"}


def test_folder_that_goes_away_keeps_its_records_and_comes_back(
    bench: Bench, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    put(folder / "a.jpg", 1)
    with following(bench, folder) as state:
        eventually(lambda: state.keys() == ["a.jpg"])
        folder.rename(tmp_path / "elsewhere")
        eventually(lambda: any("is not there" in one for one in state.told))
        time.sleep(0.5)
        assert state.keys() == ["a.jpg"]
        put(tmp_path / "elsewhere" / "b.jpg", 2)
        (tmp_path / "elsewhere").rename(folder)
        eventually(lambda: state.keys() == ["a.jpg", "b.jpg"])
        put(folder / "c.jpg", 3)
        eventually(lambda: state.keys() == ["a.jpg", "b.jpg", "c.jpg"])
    assert sum("is not there" in one for one in state.told) == 1


def test_folder_that_is_not_there_yet_and_a_busy_collection_are_waited_for(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.watching._AGAIN_AFTER_S", 0.1)
    folder = tmp_path / "pictures"
    with following(bench, folder) as state:
        eventually(lambda: len(state.told) == 1)
        state.is_busy = True
        put(folder / "a.jpg", 1)
        time.sleep(1.5)
        assert state.keys() == []
        state.is_busy = False
        eventually(lambda: state.keys() == ["a.jpg"])


def test_file_system_is_that_of_the_deepest_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    lines = (
        "x / ext4",
        f"server:/x {tmp_path}/net\\040work nfs4",
        f"y {tmp_path} tmpfs",
        f"//nas/ü {tmp_path}/größe\\040日本\\134n cifs",
    )
    mounts.write_text("".join(f"{line} rw 0 0\n" for line in lines))
    assert file_system_of(tmp_path / "net work" / "a", mounts) == "nfs4"
    assert file_system_of(tmp_path / "größe 日本\\n" / "a", mounts) == "cifs"
    assert file_system_of(tmp_path / "a", mounts) == "tmpfs"
    assert file_system_of(Path("/"), mounts) == "ext4"
    assert file_system_of(tmp_path, tmp_path / "none") == ""


class _FullError(StorageError):
    has_no_room = True


@pytest.mark.parametrize(
    "error",
    [_FullError("the disk is full (x); everything is kept"), OSError(errno.ENOSPC, "no space")],
)
def test_full_disk_is_waited_for(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError | StorageError
) -> None:
    monkeypatch.setattr("indexer.watching._AGAIN_AFTER_S", 0.1)
    put(tmp_path / "p" / "a.jpg", 1)
    with following(bench, tmp_path / "p") as state:
        eventually(lambda: state.keys() == ["a.jpg"])
        state.fails = error
        put(tmp_path / "p" / "b.jpg", 2)
        eventually(lambda: bool(state.told))
        state.fails = None
        eventually(lambda: state.keys() == ["a.jpg", "b.jpg"])
        eventually(lambda: len(state.told) == 2)
    assert state.told[0].endswith("; make room, and it is followed again")
    assert state.told[1].startswith("there is room again")
