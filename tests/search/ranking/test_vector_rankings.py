"""Rankings by vectors: of which kinds, and what is said where they mean nothing."""

from pathlib import Path

import pytest

from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.media.kinds import KINDS
from binocle.types import Limits, NewPart, NewRecord
from search.query.query import Query, Term
from search.searcher import Searcher

ENCODER = ColourEncoder()
RED = Term(text="something red")


def test_an_answer_says_why_it_has_no_relevance(tmp_path: Path) -> None:
    with Collection(tmp_path / "few", create=True) as few:
        few.claim_space(ENCODER.space)
        row = ENCODER.encode_texts(["red"])[0]
        part = NewPart("text", "caption", "a", b"a", row, text="a red bag")
        few.upsert([NewRecord("a", "a", {}, (part,))])
        bare = Searcher(few, lambda: ENCODER, limits=Limits())
        answer = bare.search(Query((Term(vector=row, source="text"),), "text", mode="semantic"))
        assert answer.hits[0].relevance is None
        assert answer.unrated == "the collection has fewer than 20 texts to compare with"
        assert bare.search(Query((Term(text="bag"),), mode="keyword")).unrated is None


@pytest.mark.parametrize(("written", "auxiliary"), [(30, True), (3, False)])
def test_texts_beside_pictures_count_where_most_pictures_have_one(
    tmp_path: Path, written: int, auxiliary: bool
) -> None:
    rows = ENCODER.encode_texts(["red", "blue"] * 30)
    records = []
    for number in range(60 if not auxiliary else 40):
        picture = NewPart("image", "image", f"{number}.png", b"%d" % number, rows[number])
        text = NewPart("text", "caption", "t", b"t%d" % number, rows[number], text="some red bag")
        parts = (picture, text) if number < written else (picture,)
        records.append(NewRecord(f"r{number}", f"r{number}", {}, parts))
    with Collection(tmp_path / "some", create=True) as some:
        some.claim_space(ENCODER.space)
        some.upsert(records)
        searcher = Searcher(some, lambda: ENCODER, limits=Limits())
        answer = searcher.search(Query((RED,)))
        [kept] = searcher._listings._kept.values()
        ranked = [some.snapshot().vectors(kind) for kind in (KINDS if auxiliary else KINDS[:1])]
        assert kept.held.keys() >= {one for view in ranked for one in view.held_bytes}
    said = {one.ranking for hit in answer.hits for one in hit.contributions}
    assert answer.mode == "hybrid"
    assert ("text" in said) == auxiliary
    assert all(hit.part.kind == "image" for hit in answer.hits)
