"""How many lists searches look into, where somebody measured how many it takes."""

import logging
from pathlib import Path

import numpy as np
import pytest

from binocle.types import Float32Array, Space
from binocle.vectors.base import Allowed, VectorView, Watermark
from binocle.vectors.faiss_store import FaissStore
from binocle.vectors.tuned_search import TunedSearch
from experiments.speed.indices.cross_modal import CrossModal
from tests.support.unit_rows import ids_from

COUNT = 26_000  # below 20,000 everything is scanned
SPACE = Space("toy", 64, "ab" * 32)
VECTORS = CrossModal(64)


def recall(view: VectorView, queries: Float32Array, allowed: Allowed | None = None) -> float:
    found = view.search(queries, 10, allowed=allowed)
    exact = view.search(queries, 10, allowed=allowed, exact=True)
    assert not any(one.exact for one in found)
    same = [
        len(np.intersect1d(one.part_ids, other.part_ids)) / 10
        for one, other in zip(found, exact, strict=True)
    ]
    return float(np.mean(same))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("tuned") / "image"
    store = FaissStore(place, SPACE, anew=True, flat_limit=1000)
    store.upsert(ids_from(0, COUNT), VECTORS.pictures(0, COUNT), born=1)
    store.persisting(Watermark(1, COUNT - 1, "t"))()
    return place


def opened(place: Path) -> FaissStore:
    return FaissStore(place, SPACE, flat_limit=1000)


def test_queries_reach_the_recall_that_was_asked_for_also_when_opened_again(place: Path) -> None:
    store, asked, others = opened(place), VECTORS.asked(60), VECTORS.asked(61)
    probed = []
    for wanted in (0.6, 0.95, 1.0):
        tuned = store.tune(asked, wanted)
        assert tuned is not None
        assert wanted <= tuned.recall <= wanted + 0.05
        probed.append(tuned.probed)
        for one in (store, opened(place)):
            view = one.at(1)
            assert f"{tuned.probed} probed" in view.description
            assert recall(view, asked) == pytest.approx(tuned.recall, abs=0.005)
            assert recall(view, others) > wanted - 0.05
    assert probed == sorted(set(probed))


def test_fewer_that_are_allowed_are_looked_for_in_more_lists(place: Path) -> None:
    store, asked = opened(place), VECTORS.asked(60)
    store.tune(asked, 0.7)
    allowed = Allowed(np.random.default_rng(1).random(COUNT) < 0.8)
    among_all = recall(store.at(1), asked)
    assert recall(store.at(1), asked, allowed) > among_all - 0.02


def test_lists_made_anew_keep_the_share_and_another_space_does_not(place: Path) -> None:
    store = opened(place)
    tuned = store.tune(VECTORS.asked(60), 0.8)
    assert tuned is not None
    store.upsert(ids_from(COUNT, 9000), VECTORS.pictures(1, 9000), born=2)
    store.persisting(Watermark(2, COUNT + 8999, "t"))()
    (segment,) = store.at(2).segments
    assert segment.probed == int(np.ceil(tuned.share * segment.lists))
    assert TunedSearch.read(place, SPACE.fingerprint) == tuned
    assert TunedSearch.read(place, "cd" * 32) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"space": "ab", "share": 7}'])
def test_damaged_choice_is_told_and_left(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    (tmp_path / "image.tuned.json").write_text(text.replace('"ab"', f'"{SPACE.fingerprint}"'))
    with caplog.at_level(logging.WARNING):
        assert TunedSearch.read(tmp_path / "image", SPACE.fingerprint) is None
    assert "binocle tune" in caplog.text


def test_what_is_scanned_has_nothing_to_tune(tmp_path: Path) -> None:
    store = FaissStore(tmp_path / "image", SPACE)
    store.upsert(ids_from(0, 100), VECTORS.pictures(0, 100), born=1)
    assert store.tune(VECTORS.asked(5), 0.9) is None
    assert not list(tmp_path.glob("*.tuned.json"))
