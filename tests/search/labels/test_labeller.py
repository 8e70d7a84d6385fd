import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from binocle.collection.collection import Collection
from binocle.encoders.base import Encoder
from binocle.encoders.colour import ColourEncoder
from binocle.errors import QueryError, UsageError
from binocle.metadata.filters import Comparison
from binocle.types import MetadataValue
from indexer.sources.folder import FolderSource
from search.labels.labeller import Labeller, TextMatcher
from search.relevance.background_texts import background_texts
from search.relevance.calibrator import Relevance
from tests.support import Bench

_COLOURS = {"red": (205, 25, 30), "blue": (35, 70, 180), "green": (35, 140, 50)}


_ENCODER = ColourEncoder()
_BACKGROUND = _ENCODER.encode_texts(background_texts())


def _picture(colour: tuple[int, int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(buffer, "PNG")
    return buffer.getvalue()


def _labeller(collection: Collection, load_encoder: Callable[[], Encoder]) -> Labeller:
    return Labeller(collection, load_encoder, Relevance(collection, load_encoder))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, colour in _COLOURS.items():
        for number in range(3):
            shade = (colour[0] + number, colour[1], colour[2])
            (folder / f"{name}{number}.png").write_bytes(_picture(shade))
    made = Bench(tmp_path / "collection")
    made.index(FolderSource(folder))
    return made


def test_records_are_labelled_from_stored_vectors_and_labels_can_be_filtered(bench: Bench) -> None:
    labeller = _labeller(bench.collection, lambda: bench.encoder)
    before = bench.encoder.images
    label_set = labeller.label_set(list(_COLOURS))
    found = list(labeller.label_records(label_set))
    assert bench.encoder.images == before
    assert {one.record.id.split("/")[-1][:-5] for one in found} == set(_COLOURS)
    assert all(one.labelling.best == one.record.id.split("/")[-1][:-5] for one in found)
    assert labeller.write(found, "colour") == 9
    with bench.collection.reading() as session:
        matching = session.records.matching(Comparison("colour", "eq", "red"))
    assert len(matching) == 3
    assert labeller.write(list(labeller.label_records(label_set)), "colour") == 0


def test_a_record_that_no_label_fits_loses_an_earlier_label(bench: Bench) -> None:
    labeller = _labeller(bench.collection, lambda: bench.encoder)
    labeller.write(list(labeller.label_records(labeller.label_set(list(_COLOURS)))), "colour")
    only = Comparison("colour", "eq", "red")
    found = list(labeller.label_records(labeller.label_set(["blue"]), where=only))
    assert len(found) == 3
    assert labeller.write(found, "colour") == 3
    assert not list(labeller.label_records(labeller.label_set(["blue"]), where=only))
    with pytest.raises(UsageError, match="name of the field"):
        labeller.write(found, " ")


def test_a_text_that_fits_a_picture_matches_better(bench: Bench) -> None:
    labeller = _labeller(bench.collection, lambda: bench.encoder)
    red = bench.encoder.encode_images(np.full((1, 32, 32, 3), _COLOURS["red"], np.uint8))[0]
    right, wrong = labeller.match("red", red), labeller.match("blue", red)
    assert right.similarity > wrong.similarity
    assert right.probability > 0.5 > wrong.probability
    assert right.relevance is None  # nine pictures are too few
    with pytest.raises(QueryError, match="empty"):
        labeller.match(" ", red)


def test_a_match_without_a_collection_is_that_of_a_collection(bench: Bench) -> None:
    labeller = _labeller(bench.collection, lambda: bench.encoder)
    red = bench.encoder.encode_images(np.full((1, 32, 32, 3), _COLOURS["red"], np.uint8))[0]
    matcher = TextMatcher(_ENCODER)
    for text in ("red", "blue"):
        assert matcher.match(text, red) == labeller.match(text, red)
    with pytest.raises(QueryError, match="empty"):
        matcher.match("", red)


def test_an_empty_collection_cannot_label(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "empty")
    with pytest.raises(QueryError, match="is empty"):
        _labeller(bench.collection, lambda: bench.encoder).label_set(["red"])


@pytest.mark.parametrize("field", ["sha256", "taken_at", "location", "camera", "folder"])
def test_labels_are_never_written_over_facts_of_pictures(bench: Bench, field: str) -> None:
    labeller = _labeller(bench.collection, lambda: _ENCODER)
    before = bench.rows("select key, metadata from records order by key")
    found = list(labeller.label_records(labeller.label_set(list(_COLOURS))))
    with pytest.raises(UsageError, match=f"'{field}' is for facts of pictures; .*another name"):
        labeller.write(found, field)
    assert bench.rows("select key, metadata from records order by key") == before


def test_labels_are_not_written_over_what_a_source_or_a_person_said(bench: Bench) -> None:
    with bench.collection.writing() as session:
        said: dict[str, MetadataValue] = {"price": 7, "notes": [], "room": "hall"}
        assert session.records.patch({"pictures/red0.png": said}) == 1
    labeller = _labeller(bench.collection, lambda: _ENCODER)
    found = list(labeller.label_records(labeller.label_set(list(_COLOURS))))
    for field in ("price", "notes", "room"):
        with pytest.raises(UsageError, match=f"have the field '{field}' already.*another name"):
            labeller.write(found, field)
    assert labeller.write(found, "colour") == 9


def test_labels_may_be_written_again_by_another_process(bench: Bench) -> None:
    labeller = _labeller(bench.collection, lambda: _ENCODER)
    found = list(labeller.label_records(labeller.label_set(["red", "blue"])))
    assert labeller.write(found, "colour") == 6
    with Collection(bench.collection.path) as again:
        other = _labeller(again, lambda: _ENCODER)
        assert other.write(list(other.label_records(other.label_set(["green"]))), "colour") == 9
