"""A collection is tuned by its own texts, or by a fixed list where it has few."""

from functools import partial
from pathlib import Path

import pytest

from api.operations.upkeep.tuning import TunedIndex, tune
from binocle.collection.collection import Collection
from binocle.media.kinds import TEXT
from binocle.types import NewPart, NewRecord
from binocle.vectors.faiss_store import FaissStore
from experiments.speed.indices.cross_modal import CrossModal, TopicEncoder
from experiments.speed.indices.large_collection import records

VECTORS = CrossModal(64)
ENCODER = TopicEncoder(VECTORS)


def texts(count: int) -> list[NewRecord]:
    rows = VECTORS.asked(count)
    return [
        NewRecord(
            f"t{n}", "", {}, (NewPart(TEXT, "title", "", f"{n}".encode(), row, text=f"t {n}"),)
        )
        for n, row in enumerate(rows)
    ]


def tuned_with(path: Path, count: int) -> tuple[dict[str, TunedIndex], str]:
    open_store = partial(FaissStore, flat_limit=1000)
    with Collection(path, create=True, open_store=open_store) as collection:
        collection.claim_space(ENCODER.space)
        collection.upsert([*records(VECTORS, 0), *texts(count)])
        found = tune(collection, lambda: ENCODER, 0.9)
        described = collection.snapshot().vectors("image").description
    return {one.kind: one for one in found}, described


@pytest.mark.parametrize(
    ("count", "asked", "queries"), [(60, "own texts", 60), (9, "background texts", 200)]
)
def test_own_texts_ask_where_there_are_enough(
    tmp_path: Path, count: int, asked: str, queries: int
) -> None:
    found, described = tuned_with(tmp_path / "c", count)
    pictures = found["image"].tuned
    assert pictures is not None
    assert (found["image"].asked, pictures.queries) == (asked, queries)
    assert pictures.recall >= 0.9
    assert 0 < pictures.probed <= pictures.lists
    assert found["text"].tuned is None
    assert (tmp_path / "c" / "image.tuned.json").exists()
    assert "IVF" in described


def test_empty_collection_has_nothing_to_tune(tmp_path: Path) -> None:
    with Collection(tmp_path / "c", create=True) as collection:
        assert tune(collection, lambda: ENCODER, 0.9) == []
