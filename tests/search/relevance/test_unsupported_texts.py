"""Texts that a model cannot read count as words, and never as vectors."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.encoders.names import MINI
from binocle.encoders.registry import open_encoder
from binocle.metadata.filters import Comparison
from binocle.types import Float32Array, Limits, NewPart, NewRecord
from search.query.query import Query, Term
from search.searcher import Searcher
from tests.support.toy_encoder import DIMENSION, ToyEncoder

TITLES = ("红色连衣裙", "蓝色裙子", "黑色手表", "red dress", "blue skirt", "black watch")


class EnglishEncoder(ToyEncoder):
    """Reads ASCII only; all else looks the same to it."""

    def can_read(self, text: str) -> bool:
        return text.isascii()

    def encode_texts(self, texts: Sequence[str]) -> Float32Array:
        return super().encode_texts([text if text.isascii() else "?" for text in texts])


def searcher_of(
    path: Path, *, with_texts: bool, pictures: int = 60, encoder: EnglishEncoder | None = None
) -> Searcher:
    encoder = encoder or EnglishEncoder()
    collection = Collection(path / f"shop{with_texts}", create=True)
    collection.claim_space(encoder.space)
    records = []
    for number in range(pictures):
        title = TITLES[number % len(TITLES)]
        row = np.random.default_rng(number).normal(size=DIMENSION)
        unit = np.asarray(row / np.linalg.norm(row), np.float32)
        parts = [NewPart("image", "image", f"p{number}", f"p{number}".encode(), unit)]
        if with_texts:
            own = encoder.encode_texts([title])[0]
            parts.append(NewPart("text", "title", f"t{number}", f"t{number}".encode(), own, title))
        records.append(NewRecord(f"r{number}", f"mem:{number}", {"n": number}, tuple(parts)))
    collection.upsert(records)
    return Searcher(collection, lambda: encoder, limits=Limits())


def asked(text: str, **more: object) -> Query:
    return Query((Term(text=text),), **more)  # type: ignore[arg-type]


def test_only_words_rank_what_cannot_be_read(tmp_path: Path) -> None:
    searcher = searcher_of(tmp_path, with_texts=True)
    answer = searcher.search(asked("连衣裙", limit=50))
    assert not answer.no_match
    assert {hit.record.metadata["n"] for hit in answer.hits} == set(range(0, 60, 6))
    assert all(said.ranking == "keyword" for hit in answer.hits for said in hit.contributions)
    assert searcher.search(asked("连衣裙", min_relevance="auto")).relevant == 10
    sorted_by = searcher.search(asked("手表", mode="hybrid", limit=50, min_relevance=0.1))
    assert {hit.record.metadata["n"] for hit in sorted_by.hits} == set(range(2, 60, 6))


def test_what_is_not_there_is_no_match_and_nothing_is_relevant(tmp_path: Path) -> None:
    searcher = searcher_of(tmp_path, with_texts=True)
    for query in (asked("冰箱"), asked("冰箱", min_relevance="auto")):
        answer = searcher.search(query)
        assert answer.no_match
        assert answer.hits == ()
    assert searcher.search(asked("冰箱", min_relevance="auto")).relevant == 0


@pytest.mark.parametrize("with_texts", [False, True])
def test_meaning_alone_finds_nothing_and_says_why(tmp_path: Path, *, with_texts: bool) -> None:
    searcher = searcher_of(tmp_path, with_texts=with_texts)
    answer = searcher.search(asked("红裙", mode="semantic"))
    assert (answer.hits, answer.no_match) == ((), True)
    assert answer.unrated == "the model cannot read '红裙'"
    assert searcher.search(asked("red dress", mode="semantic")).hits


def test_beside_a_picture_it_leaves_the_order_to_the_picture(tmp_path: Path) -> None:
    searcher = searcher_of(tmp_path, with_texts=False)
    alone = searcher.search(Query((Term(record="r3"),), limit=20))
    both = searcher.search(Query((Term(record="r3"), Term(text="红色")), limit=20))
    assert [hit.record.id for hit in both.hits] == [hit.record.id for hit in alone.hits]


def test_keeping_away_from_it_lets_everything_through(tmp_path: Path) -> None:
    searcher = searcher_of(tmp_path, with_texts=False)
    away = Term(text="红色", weight=-1.0)
    cheap = Comparison("n", "lt", 7)
    answer = searcher.search(Query((away,), where=cheap, limit=20))
    assert {hit.record.metadata["n"] for hit in answer.hits} == set(range(7))
    assert not answer.no_match
    nothing = searcher.search(Query((Term(text="红裙"), Term(text="red", weight=-1.0))))
    assert (nothing.hits, nothing.no_match) == ((), True)


def test_turn_of_it_can_be_refined(tmp_path: Path) -> None:
    from search.query.turns import Refinement

    searcher = searcher_of(tmp_path, with_texts=True)
    first = searcher.search(asked("连衣裙"))
    assert first.turn is not None
    refined = Query((Term(text="红色"),), refine=Refinement(turn=first.turn))
    assert searcher.search(refined).looking_for == (
        "连衣裙 (as words: the model cannot read it), 红色 (as words: the model cannot read it)"
    )


def test_what_cannot_be_read_is_told_and_corrected_by_nothing(tmp_path: Path) -> None:
    class Vocabulary(EnglishEncoder):
        vocabulary = ("dress", "red")  # type: ignore[assignment]

        def can_read(self, text: str) -> bool:
            return "vestido" not in text

    searcher = searcher_of(tmp_path, with_texts=True, encoder=Vocabulary())
    answer = searcher.search(asked("vestido drss"))
    assert answer.looking_for == "vestido drss (as words: the model cannot read it)"
    assert searcher.search(asked("red drss")).looking_for == 'red drss (read as "red dress")'


def test_part_that_can_be_read_is_asked_and_the_rest_is_told(tmp_path: Path) -> None:
    searcher = searcher_of(tmp_path, with_texts=False)
    answer = searcher.search(asked("ニコン red dress"))
    assert answer.looking_for == (
        'ニコン red dress (read as "red dress": the model cannot read the rest)'
    )
    plain = searcher.search(asked("red dress"))
    assert [hit.record.id for hit in answer.hits] == [hit.record.id for hit in plain.hits]
    assert answer.hits


def test_foreign_name_that_the_collection_has_is_not_refused(tmp_path: Path) -> None:
    class Foreign(EnglishEncoder):
        def can_read(self, text: str) -> bool:
            return "skirt" not in text

    searcher = searcher_of(tmp_path, with_texts=True, encoder=Foreign())
    assert searcher.search(asked("Skirt", mode="semantic")).looking_for == "Skirt"
    assert searcher.search(asked("skirts and skirt", mode="semantic")).unrated


@pytest.mark.model
def test_language_that_the_embedded_model_never_saw_is_told(tmp_path: Path) -> None:
    encoder = open_encoder(MINI, device="cpu")
    collection = Collection(tmp_path / "photos", create=True)
    collection.claim_space(encoder.space)
    row = encoder.encode_texts(["a dog on the beach"])[0]
    part = NewPart("image", "image", "p", b"p", row)
    collection.upsert([NewRecord("r", "mem:r", {}, (part,))])
    searcher = Searcher(collection, lambda: encoder, limits=Limits())
    for text in ("el perro corre en la playa", "собака на пляже", "浜辺の犬"):
        answer = searcher.search(asked(text, mode="semantic"))
        assert answer.unrated == f"the model cannot read {text!r}"
    for text in ("海滩上的狗", "ein Hund am Strand"):
        assert searcher.search(asked(text, mode="semantic")).hits
