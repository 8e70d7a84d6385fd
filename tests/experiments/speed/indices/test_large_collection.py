"""What is measured of a large collection is what it answers."""

from pathlib import Path

import numpy as np

from binocle.collection.collection import Collection
from experiments.speed.indices import index_life
from experiments.speed.indices.cross_modal import CrossModal
from experiments.speed.indices.large_collection import answers


def test_filters_relevant_sets_and_removal_are_measured(tmp_path: Path) -> None:
    vectors = CrossModal(64)
    index_life.store(tmp_path / "c", 64, [0])
    with Collection(tmp_path / "c") as collection:
        told = answers(collection, vectors, vectors.asked(8))
    assert {one["recall"] for one in told["filters"].values()} == {1}
    assert {one["not_allowed"] for one in told["filters"].values()} == {0}
    assert told["relevant"]["facets"]["sizes"][-1] > 0
    assert told["relevant"]["facets"] != told["relevant"]["relevance of 0.1, facets"]
    assert told["removal"]["again"] == 0 < told["removal"]["removed"]


def test_texts_and_pictures_of_a_topic_are_near_in_cones_of_their_own() -> None:
    vectors = CrossModal(256)
    pictures, texts = vectors.pictures(0, 500), vectors.texts([3, 3, 9])
    assert np.allclose(np.linalg.norm(pictures, axis=1), 1, atol=1e-5)
    assert np.array_equal(pictures, CrossModal(256).pictures(0, 500))
    assert not np.array_equal(pictures, vectors.pictures(1, 500))
    assert (texts @ texts.T).min() > (pictures @ texts.T).max()  # the gap of modalities
    assert texts[0] @ texts[1] > texts[0] @ texts[2]
