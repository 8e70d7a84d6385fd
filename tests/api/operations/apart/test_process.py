"""What a process of its own finds comes back, as do its errors; it ends with whoever asked."""

from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from api.operations.apart.duplicates import find_duplicates_apart
from api.settings import Settings
from binocle.collection.collection import Collection
from binocle.errors import NotFoundError
from tests.support.processes import living


def test_an_error_is_what_it_was_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no collection 'nothing'"):
        find_duplicates_apart(Settings(home=tmp_path), "nothing", lambda _done, _total: None)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
def test_what_progress_raises_ends_the_process(tmp_path: Path) -> None:
    Collection(tmp_path / "collections" / "c", create=True).close()
    found = []

    def stop(_done: int, _total: int) -> None:
        found.extend(living("api.operations.apart"))
        raise CancelledError

    with pytest.raises(CancelledError):
        find_duplicates_apart(Settings(home=tmp_path), "c", stop)
    assert len(found) == 1
    assert living("api.operations.apart") == []
