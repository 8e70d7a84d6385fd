"""What a process of its own finds comes back, as do its errors; it ends with whoever asked."""

import os
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from api.operations.duplicates_apart import find_duplicates_apart
from api.settings import Settings
from binocle.collection.collection import Collection
from binocle.errors import NotFoundError


def living(name: str) -> list[str]:
    """Return processes that this one has started, by a piece of their command lines."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = path.read_text().rpartition(")")[2].split()[1]
            command = path.with_name("cmdline").read_text()
        except OSError:  # ended meanwhile
            continue
        if int(parent) == os.getpid() and name in command:
            found.append(command)
    return found


def test_an_error_is_what_it_was_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no collection 'nothing'"):
        find_duplicates_apart(Settings(home=tmp_path), "nothing", lambda _done, _total: None)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
def test_what_progress_raises_ends_the_process(tmp_path: Path) -> None:
    Collection(tmp_path / "collections" / "c", create=True).close()
    found = []

    def stop(_done: int, _total: int) -> None:
        found.extend(living("duplicates_apart"))
        raise CancelledError

    with pytest.raises(CancelledError):
        find_duplicates_apart(Settings(home=tmp_path), "c", stop)
    assert len(found) == 1
    assert living("duplicates_apart") == []
