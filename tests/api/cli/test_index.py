"""What a run into a new collection leaves behind."""

from pathlib import Path

import pytest

from api.cli.index import _nothing_left_of
from api.container import Container
from api.settings import read_settings
from binocle.collection.collection import Collection
from binocle.errors import StorageError
from tests.support.titles import record


def test_a_new_collection_that_cannot_be_read_any_more_is_not_taken_for_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = Container(read_settings(home=tmp_path, model="colour"))

    def fail(_self: Collection) -> None:
        raise StorageError("the disk is gone")

    def interrupted() -> None:
        with _nothing_left_of(container, "new") as (collection, _):
            collection.upsert([record("a", "red")])
            monkeypatch.setattr(Collection, "reading", fail)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert container.collection_names() == ["new"]
    monkeypatch.undo()
    with container.open_collection("new") as collection:
        assert collection.record("a").id == "a"
