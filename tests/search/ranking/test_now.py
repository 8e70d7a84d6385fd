"""What queries see together is asked of the catalogue once, and again where more is to be seen."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.types import NewPart, NewRecord, Space
from search.ranking.now import Now


def test_a_query_asks_once_whether_anything_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = np.eye(16, dtype=np.float32)[0]

    def record(key: str) -> NewRecord:
        return NewRecord(key, key, {}, (NewPart("image", "image", key, key.encode(), row),))

    with Collection(tmp_path / "c", create=True) as collection:
        collection.claim_space(Space("toy", 16, "ab" * 32))
        collection.upsert([record("a")])
        collection.snapshot(("image", "text"))  # both indices are there
        asked: list[None] = []
        reading: Callable[[], AbstractContextManager[object]] = collection._catalog.reading

        def counted() -> AbstractContextManager[object]:
            asked.append(None)
            return reading()

        monkeypatch.setattr(collection._catalog, "reading", counted)
        now = Now(collection, lambda _: False)
        first = now.snapshot(("image",))
        assert now.default_target == "image"
        assert now.snapshot(("image", "text")) is first
        assert len(asked) == 1
        collection.upsert([record("b")])
        assert now.snapshot(("text",)) is first  # a query sees one moment
        assert Now(collection, lambda _: False).snapshot(("image",)).count_parts("image") == 2


def test_kinds_that_a_query_has_not_seen_yet_are_asked_for(tmp_path: Path) -> None:
    row = np.eye(16, dtype=np.float32)[0]
    said = NewPart("text", "caption", "a", b"a" * 32, row, text="a kite")
    with Collection(tmp_path / "c", create=True) as collection:
        collection.claim_space(Space("toy", 16, "ab" * 32))
        collection.upsert([NewRecord("a", "a", {}, (said,))])
    with Collection(tmp_path / "c") as collection:
        now = Now(collection, lambda _: False)
        assert now.snapshot(("image",)).count_parts("image") == 0
        assert now.snapshot(("text",)).count_parts("text") == 1
