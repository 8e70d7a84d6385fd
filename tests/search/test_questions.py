"""Questions that cannot be answered, and those that only look so."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from binocle.collection.collection import Collection
from binocle.encoders.base import Encoder
from binocle.encoders.colour import ColourEncoder
from binocle.errors import NotFoundError, PictureError, QueryError, SpaceMismatchError
from binocle.types import Float32Array, Limits, NewPart, NewRecord, Space
from search.query.query import Query, Term
from search.searcher import Searcher


def png(colour: tuple[int, int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (12, 10), colour).save(buffer, "PNG")
    return buffer.getvalue()


def searcher_of(collection: Collection, encoder: Encoder | None = None) -> Searcher:
    chosen = encoder or ColourEncoder()
    return Searcher(collection, lambda: chosen, limits=Limits())


@pytest.fixture
def searcher(tmp_path: Path) -> Iterator[Searcher]:
    encoder = ColourEncoder()
    with Collection(tmp_path / "toys", create=True) as opened:
        opened.claim_space(encoder.space)
        opened.upsert([NewRecord("bare", "", {}, ())])
        for word in ("red", "green", "blue", "pink"):
            row = encoder.encode_texts([word])[0]
            part = NewPart("image", "image", word, word.encode(), row)
            opened.upsert([NewRecord(word, word, {}, (part,))])
        yield searcher_of(opened)


def test_empty_collection_is_refused(tmp_path: Path) -> None:
    with Collection(tmp_path / "nothing", create=True) as opened:
        for term in (Term(text="a"), Term(vector=np.ones(443, np.float32)), Term(record="r0")):
            with pytest.raises(QueryError, match="'nothing' is empty"):
                searcher_of(opened).search(Query((term,)))


@pytest.mark.parametrize(
    "vector",
    [np.ones(442), np.ones((1, 443)), np.zeros(443), np.full(443, np.nan),
     np.full(443, np.inf), np.ones(())],
    ids=["short", "matrix", "zeros", "nan", "inf", "scalar"],
)  # fmt: skip
def test_vector_that_does_not_fit_is_refused(searcher: Searcher, vector: Float32Array) -> None:
    with pytest.raises(QueryError, match="a vector term is 443 finite numbers, not all 0"):
        searcher.search(Query((Term(vector=vector),)))


def test_vectors_of_any_length_are_directions(searcher: Searcher) -> None:
    row = np.random.default_rng(5).standard_normal(443)
    wanted = [
        hit.part.id for hit in searcher.search(Query((Term(vector=row.astype(np.float32)),))).hits
    ]
    for scale in (1e-20, 1e30):
        term = Term(vector=(scale * row).astype(np.float32))
        assert [hit.part.id for hit in searcher.search(Query((term,))).hits] == wanted


@pytest.mark.parametrize("weight", [1e-9, 1e9, 1e300])
def test_weight_of_a_single_term_changes_nothing(searcher: Searcher, weight: float) -> None:
    wanted = searcher.search(Query((Term(text="a"),))).hits
    assert searcher.search(Query((Term(text="a", weight=weight),))).hits == wanted


def test_terms_that_cancel_each_other_out_are_refused(searcher: Searcher) -> None:
    with pytest.raises(QueryError, match="cancel"):
        searcher.search(Query((Term(text="a"), Term(text="a", weight=-1))))


def test_record_that_is_not_there_is_not_found(searcher: Searcher) -> None:
    with pytest.raises(NotFoundError, match="'nobody'"):
        searcher.search(Query((Term(record="nobody"),)))
    with pytest.raises(QueryError, match="nothing embedded"):
        searcher.search(Query((Term(record="bare"),)))


def test_picture_that_cannot_be_read_is_named(searcher: Searcher, tmp_path: Path) -> None:
    for name, data in (("notes.png", b"not a picture"), ("half.png", png((9, 9, 9))[:40])):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(PictureError, match=name):
            searcher.search(Query((Term(image=tmp_path / name),)))
        with pytest.raises(PictureError, match="the query's picture"):
            searcher.search(Query((Term(image=data),)))
    with pytest.raises(QueryError, match=r"missing\.png"):
        searcher.search(Query((Term(image=tmp_path / "missing.png"),)))


class OtherEncoder(ColourEncoder):
    """The same but for the space it claims."""

    space = Space("other", 443, "cd" * 32)


def test_encoder_of_another_space_is_refused(searcher: Searcher) -> None:
    other = searcher_of(searcher.collection, OtherEncoder())
    for term in (Term(text="a"), Term(image=png((1, 2, 3)))):
        with pytest.raises(SpaceMismatchError, match=r"'toys'.*'colour', not with 'other'"):
            other.search(Query((term,)))
    assert other.search(Query((Term(record="red"),))).hits, "no encoder is needed"
