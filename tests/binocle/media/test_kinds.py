"""A further kind of part needs its name and an encoder: all else asks the registry."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.media.kinds import IMAGE, KINDS, TEXT, PartKind, PartKinds
from binocle.metadata.filter_parsing import parse_json
from binocle.types import Kind, Limits, NewPart, NewRecord, Target
from search.query.query import Query, Term
from search.searcher import Searcher
from tests.support.toy_encoder import ToyEncoder

SOUND = cast(Kind, "sound")
ENCODER = ToyEncoder()


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third kind, for one test."""
    monkeypatch.setattr(KINDS, "_kinds", dict(KINDS._kinds))
    KINDS.register(PartKind(SOUND, "sounds", share=0.5))


@pytest.fixture
def collection(tmp_path: Path, sound: None) -> Iterator[Collection]:
    with Collection(tmp_path / "c", create=True) as opened:
        opened.claim_space(ENCODER.space)
        opened.upsert(
            [
                NewRecord(
                    f"r{number}",
                    f"mem:{number}",
                    {"minutes": number},
                    (NewPart(SOUND, "sound", "mem:", bytes([number]) * 32, row),),
                )
                for number, row in enumerate(ENCODER.encode_texts([f"tune {n}" for n in range(9)]))
            ]
        )
        yield opened


def ids(collection: Collection, query: Query) -> list[str]:
    searcher = Searcher(collection, lambda: ENCODER, limits=Limits())
    return [hit.record.id for hit in searcher.search(query).hits]


def test_kinds_are_told_in_the_order_of_registration() -> None:
    kinds = PartKinds(PartKind(IMAGE, "pictures", share=0.2), PartKind(TEXT, "texts", share=0.8))
    kinds.register(PartKind(SOUND, "sounds", share=0.5))
    assert list(kinds) == ["image", "text", "sound"]
    assert list(kinds[:2]) == ["image", "text"]
    assert kinds.of(SOUND).plural == "sounds"
    assert list(KINDS) == ["image", "text"]


def test_parts_of_a_third_kind_are_indexed_counted_and_saved(collection: Collection) -> None:
    assert collection.snapshot().count_parts(SOUND) == 9
    with collection.reading() as session:
        assert session.parts.count() == {"image": 0, "text": 0, "sound": 9}
    assert list(collection.vectors_of("r3")[1]) == ["image", "text", "sound"]
    collection.save_indices()
    assert (collection.path / "sound.faiss").exists()
    with Collection(collection.path) as again:
        row = ENCODER.encode_texts(["tune 4"])
        (found,) = again.snapshot((SOUND,)).nearest(SOUND, row, 1)
        assert float(found.scores[0]) == 1.0


@pytest.mark.parametrize("target", [SOUND, "any", None])
def test_third_kind_is_searched_by_words_and_filtered(
    collection: Collection, target: Target | None
) -> None:
    query = Query((Term(text="tune 6"),), target, limit=9, mode="semantic")
    assert ids(collection, query)[0] == "r6"
    filtered = Query(
        (Term(text="tune 6"),),
        target,
        parse_json({"minutes": {"lt": 5}}),
        limit=9,
        mode="semantic",
    )
    assert sorted(ids(collection, filtered)) == ["r0", "r1", "r2", "r3", "r4"]


def test_record_of_a_third_kind_asks_for_those_like_it(collection: Collection) -> None:
    query = Query((Term(record="r2"),), SOUND, limit=3, mode="semantic")
    found = ids(collection, query)
    row = collection.vectors_of("r2")[1][SOUND][0]
    (ranking,) = collection.snapshot().nearest(SOUND, row[np.newaxis], 4)
    assert len(found) == 3
    assert "r2" not in found
    assert len(ranking.record_ids) == 4
