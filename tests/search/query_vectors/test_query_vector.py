"""Words beside a picture tell part of the question: "this bag, but red"."""

from pathlib import Path

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.encoders.base import unit_rows
from binocle.types import Float32Array, Limits, NewPart, NewRecord
from search.query.query import Query, Sort, Term
from search.results.answer import Answer
from search.searcher import Searcher
from tests.support.toy_encoder import DIMENSION, ToyEncoder

_ENCODER = ToyEncoder()


def _record(key: str, title: str, row: Float32Array, price: int) -> NewRecord:
    picture = NewPart("image", "image", key, f"p {key}".encode(), row)
    text = _ENCODER.encode_texts([title])[0]
    return NewRecord(
        key,
        key,
        {"price": price},
        (picture, NewPart("text", "title", key, title.encode(), text, title)),
    )


@pytest.fixture
def searcher(tmp_path: Path) -> Searcher:
    """Return one of bags near each other, a bottle that is called red, and other things."""
    rng = np.random.default_rng(0)
    bag, red = rng.normal(size=DIMENSION), 4 * _ENCODER.encode_texts(["red"])[0]
    rows = [
        bag,
        bag + red / 3,
        bag + rng.normal(size=DIMENSION) / 2,
        *rng.normal(size=(60, DIMENSION)),
    ]
    names = [
        ("bag", "Canvas bag blue"),
        ("red-bag", "Canvas bag red"),
        ("other-bag", "Canvas bag black"),
        ("bottle", "Red"),
    ]
    names += [(f"thing-{number}", f"Thing {number}") for number in range(59)]
    collection = Collection(tmp_path / "shop", create=True)
    collection.claim_space(ToyEncoder.space)
    unit = unit_rows(np.stack(rows))
    collection.upsert(
        [
            _record(*name, row, price)
            for price, (name, row) in enumerate(zip(names, unit, strict=True))
        ]
    )
    return Searcher(collection, lambda: _ENCODER, limits=Limits())


def _asked(searcher: Searcher, *, with_bag: bool, sort: tuple[Sort, ...] = ()) -> Answer:
    terms = (Term(text="red"), Term(record="bag")) if with_bag else (Term(text="red"),)
    return searcher.search(Query(terms, target="image", mode="hybrid", sort=sort, limit=100))


def test_words_beside_a_picture_move_hits_and_do_not_replace_it(searcher: Searcher) -> None:
    assert _asked(searcher, with_bag=False).hits[0].record.id == "bottle"
    hits = _asked(searcher, with_bag=True).hits
    assert hits[0].record.id == "red-bag"
    assert {one.ranking for one in hits[0].contributions} == {"image", "keyword"}


def test_words_beside_a_picture_make_nothing_relevant_by_themselves(searcher: Searcher) -> None:
    alone = _asked(searcher, with_bag=False, sort=(Sort("price"),))
    assert "bottle" in [hit.record.id for hit in alone.hits]
    composed = _asked(searcher, with_bag=True, sort=(Sort("price"),))
    assert "bottle" not in [hit.record.id for hit in composed.hits]
    relevance = {
        hit.record.id: hit.relevance or 0.0 for hit in _asked(searcher, with_bag=True).hits
    }
    assert relevance["bottle"] < relevance["red-bag"]
