"""A change is made to the record as it is when it is written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.errors import BusyError
from binocle.media.decoder_pool import DecoderPool
from binocle.types import Limits, Record
from indexer.record_changes import RecordChange, change_record
from indexer.sources.base import Candidate
from indexer.sources.uploads import uploaded_text
from indexer.stored_media import StoredMedia
from indexer.upload import store_upload


@pytest.fixture
def decoders() -> Iterator[DecoderPool]:
    with DecoderPool(1, Limits()) as pool:
        yield pool


@pytest.fixture
def shelf(tmp_path: Path, decoders: DecoderPool) -> Iterator[Collection]:
    with Collection(tmp_path / "c", create=True) as collection:
        texts = (uploaded_text("title", "red"), uploaded_text("more", "x"))
        one = Candidate("a", "", "a", "u", {"n": 1}, texts=texts)
        store_upload(collection, [one], ColourEncoder(), decoders)
        yield collection


def test_what_others_change_meanwhile_is_kept(shelf: Collection, decoders: DecoderPool) -> None:
    checks = 0

    def interfere(_: Record) -> None:
        nonlocal checks
        checks += 1
        if checks == 1:
            with shelf.writing() as session:
                session.records.patch({"a": {"n": 2}})

    after = change_record(
        shelf, "a", RecordChange(texts={"title": ("blue",)}), encoder=ColourEncoder,
        decoders=decoders, media=StoredMedia(shelf.path), check=interfere,
    )  # fmt: skip
    assert checks == 2
    assert dict(after.metadata) == {"n": 2}
    assert [(one.role, one.text) for one in after.parts] == [("title", "blue"), ("more", "x")]


def test_a_record_that_is_never_left_alone_is_given_up(
    shelf: Collection, decoders: DecoderPool
) -> None:
    def interfere(record: Record) -> None:
        with shelf.writing() as session:
            session.records.patch({"a": {"n": int(str(record.metadata["n"])) + 1}})

    with pytest.raises(BusyError, match="'a' is changed by others"):
        change_record(
            shelf, "a", RecordChange(texts={"title": ("blue",)}), encoder=ColourEncoder,
            decoders=decoders, media=StoredMedia(shelf.path), check=interfere,
        )  # fmt: skip
    assert shelf.record("a").parts[0].text == "red"
