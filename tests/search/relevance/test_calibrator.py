from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.encoders.base import unit_rows
from binocle.media.kinds import KINDS
from binocle.metadata.filters import Comparison
from binocle.types import (
    Float32Array,
    Kind,
    Limits,
    NewPart,
    NewRecord,
    Target,
)
from search.query.query import Query, Term
from search.relevance import background_texts
from search.relevance.calibration import Calibration
from search.relevance.calibrator import Relevance
from search.relevance.fitted_weights import FITTED
from search.relevance.hub_correction import DEPTH
from search.results.answer import Answer
from search.searcher import Searcher
from tests.search.relevance.words import DIMENSION, INFO, SPACE, WordsEncoder, rows, store


class _Against(WordsEncoder):
    """Embeds what is asked on the side where nothing is, and background texts anywhere."""

    def encode_texts(self, texts: Sequence[str]) -> Float32Array:
        if len(texts) > 1:
            return super().encode_texts(texts)
        return -unit_rows(np.ones((1, DIMENSION)))


def test_nobody_tells_about_few_parts_or_vectors_of_unknown_origin(collection: Collection) -> None:
    store(collection, rows(3, 1))
    relevance = Relevance(collection, WordsEncoder)
    assert relevance.score_models("image", ["text", "image", None], rows(3, 2)) == [None] * 3
    assert relevance.score_models("text", ["text", "image"], rows(2, 2)) == [None] * 2
    store(collection, rows(100, 4), start=3)
    score_models = relevance.score_models("image", ["text", "image", None], rows(3, 2))
    assert [one is None for one in score_models] == [False, False, True]


def test_pictures_ask_without_an_encoder(collection: Collection) -> None:
    store(collection, rows(100, 1))
    encoder = WordsEncoder()
    score_model = Relevance(collection, lambda: encoder).score_models(
        "image", ["image"], rows(1, 2)
    )[0]
    assert score_model is not None
    assert encoder.asked == 0


def test_a_calibration_follows_a_collection_that_grows_but_not_every_record(
    collection: Collection,
) -> None:
    store(collection, rows(100, 1))
    relevance = Relevance(collection, WordsEncoder)
    query = rows(1, 2)
    first = relevance.score_models("image", ["text"], query)
    store(collection, rows(10, 3), start=100)
    assert relevance.score_models("image", ["text"], query) == first
    store(collection, rows(60, 4, about=query[0] * 5), start=110)
    after = relevance.score_models("image", ["text"], query)
    assert after != first
    assert after == Relevance(collection, WordsEncoder).score_models("image", ["text"], query)


def test_pictures_without_texts_are_not_calibrated_anew_after_every_record(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = []
    measure = Calibration.measure

    def counting(*arguments: Any, **options: Any) -> Calibration | None:
        measured.append(1)
        return measure(*arguments, **options)

    monkeypatch.setattr(Calibration, "measure", counting)
    store(collection, rows(100, 1))
    relevance = Relevance(collection, WordsEncoder)
    for number in range(3):
        relevance.score_models("image", ["text"], rows(1, 2))
        store(collection, rows(1, 3), start=100 + number)
    assert len(measured) == 1


def _hubby(count: int, hubs: int) -> tuple[Float32Array, Float32Array]:
    rng = np.random.default_rng(0)
    texts = rng.normal(size=(count, DIMENSION))
    texts[:, 0] += 3.0
    images = texts + 0.8 * rng.normal(size=texts.shape)
    images[:, 0] = 0.0
    images[:hubs] *= 0.1
    images[:hubs, 0] = 4.0
    order = rng.permutation(count)
    return unit_rows(images[order]), unit_rows(texts[order])


def test_hubs_move_down_where_a_collection_has_pairs_that_are_found_better(
    collection: Collection,
) -> None:
    images, texts = _hubby(900, 90)
    store(collection, images, texts)
    relevance = Relevance(collection, WordsEncoder)
    assert relevance.depth("image", "text") == DEPTH
    assert relevance.depth("image", None) == relevance.depth("image", "image") == 0
    improved = 0
    for number in range(0, 900, 30):
        (found,) = collection.snapshot().nearest("image", texts[number : number + 1], 900)
        order, scores = relevance.reorder("image", "text", found.part_ids, found.scores)
        assert sorted(order) == list(range(900))
        assert (np.diff(scores) <= 0).all()
        place = int(np.flatnonzero(found.record_ids == number + 1)[0])
        improved += int(np.sign(place - np.flatnonzero(order == place)[0]))
    assert improved > 0


def test_a_collection_without_pairs_is_not_corrected(collection: Collection) -> None:
    images, _ = _hubby(300, 30)
    store(collection, images)
    relevance = Relevance(collection, WordsEncoder)
    assert relevance.depth("image", "text") == 0
    (found,) = collection.snapshot().nearest("image", images[:1], 10)
    order, scores = relevance.reorder("image", "text", found.part_ids, found.scores)
    assert order.tolist() == list(range(10))
    assert scores is found.scores


def test_a_prepared_collection_needs_no_model_for_its_first_query(collection: Collection) -> None:
    store(collection, rows(100, 1), rows(100, 3))
    encoder = WordsEncoder()
    Relevance(collection, lambda: encoder).prepare()
    assert encoder.asked == background_texts.COUNT

    def nothing() -> WordsEncoder:
        raise AssertionError("no model is loaded")

    later = Relevance(collection, nothing)
    later.prepare()
    for kind in ("image", "text"):
        assert later.score_models(kind, ["text"], rows(1, 2))[0] is not None


def test_preparing_stops_between_the_texts_and_the_calibration(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(collection, rows(100, 1))
    encoder = WordsEncoder()
    measured: list[object] = []
    monkeypatch.setattr(Calibration, "measure", lambda *_, **__: measured.append(1))
    relevance = Relevance(collection, lambda: encoder)
    relevance.prepare(lambda: encoder.asked == background_texts.COUNT)
    assert encoder.asked == background_texts.COUNT
    assert not measured
    relevance.prepare()
    assert measured


def test_what_own_texts_reach_raises_the_threshold_but_never_above_even(
    collection: Collection,
) -> None:
    texts = 6 * rows(1, 7) + np.random.default_rng(8).normal(size=(400, DIMENSION))
    store(collection, unit_rows(texts + 0.1), unit_rows(texts))
    told = Relevance(collection, WordsEncoder).score_models("image", ["text"], rows(1, 2))[0]
    assert told is not None
    assert told.none == 0.5
    bare = Collection(collection.path.parent / "bare", create=True)
    bare.claim_space(SPACE)
    store(bare, unit_rows(texts + 0.1))
    untold = Relevance(bare, WordsEncoder).score_models("image", ["text"], rows(1, 2))[0]
    assert untold is not None
    assert untold.none == FITTED["text", "image"].none < 0.5


def _odds(relevance: Relevance, kind: Kind, query: Float32Array, *, together: bool) -> float:
    score_model = relevance.score_models(kind, ["text"], query, together=together)[0]
    assert score_model is not None
    return score_model.answer_odds


def test_texts_beside_pictures_help_to_tell_whether_there_is_an_answer(
    collection: Collection,
) -> None:
    texts = rows(200, 1)
    store(collection, rows(200, 2), texts)
    relevance = Relevance(collection, WordsEncoder)
    query = rows(1, 3)
    alone = [_odds(relevance, kind, query, together=False) for kind in KINDS]
    both = [_odds(relevance, kind, query, together=True) for kind in KINDS]
    assert relevance.are_described("text")
    assert both[0] == both[1]
    assert both[0] == pytest.approx(0.6 * sum(alone))


def test_few_texts_say_nothing_of_pictures(collection: Collection) -> None:
    store(collection, rows(30, 1), rows(30, 2))
    store(collection, rows(100, 3), start=30)
    relevance = Relevance(collection, WordsEncoder)
    query = rows(1, 4)
    assert not relevance.are_described("text")
    alone, both = (_odds(relevance, "image", query, together=one) for one in (False, True))
    assert alone == both
    assert not relevance.are_described("text")


@pytest.fixture
def noted(collection: Collection) -> Collection:
    """Return pictures with notes about which vectors of any text say that nothing fits."""
    pictures, notes = rows(60, 1, about=9.0), rows(60, 2, about=9.0)
    records = []
    for number, (picture, note) in enumerate(zip(pictures, notes, strict=True)):
        text = "standing beside a lantern" if number < 5 else "a saddle"
        image = NewPart("image", "image", f"{number}.png", b"%d" % number, picture, info=INFO)
        said = NewPart("text", "title", f"n{number}", b"n%d" % number, note, text)
        records.append(NewRecord(f"r{number}", f"r{number}", {}, (image, said)))
    collection.upsert(records)
    return collection


@pytest.mark.parametrize("target", [None, "image", "text", "any"])
def test_what_a_text_says_as_typed_is_never_denied_and_shown_as_weak_as_vectors_say(
    noted: Collection, target: Target | None
) -> None:
    searcher = Searcher(noted, _Against, limits=Limits())

    def answer(text: str, **options: Any) -> Answer:
        return searcher.search(Query((Term(text=text),), target, mode="semantic", **options))

    for missing in ("gerenuk", "standing gerenuk", "standing saddle", "latern"):
        assert answer(missing).no_match, missing
        assert not answer(missing, min_relevance="auto").hits
    for written in ("standing", "Lantern", "lanterns", "lantern standing"):
        found = answer(written)
        assert not found.no_match, written
        assert all(hit.relevance is not None and hit.relevance < 0.2 for hit in found.hits)
        assert answer(written, min_relevance="auto").hits
    assert not answer("standing", where=Comparison("uri", "eq", "r50")).no_match


def test_what_few_texts_say_takes_no_denial_back(noted: Collection) -> None:
    store(noted, rows(100, 3, about=9.0), start=100)
    searcher = Searcher(noted, _Against, limits=Limits())
    assert searcher.search(Query((Term(text="standing"),), mode="semantic")).no_match


def test_own_texts_raise_what_pictures_and_texts_together_must_reach(
    collection: Collection, tmp_path: Path
) -> None:
    texts = 6 * rows(1, 7) + np.random.default_rng(8).normal(size=(400, DIMENSION))
    store(collection, unit_rows(texts + 0.1), unit_rows(texts))
    other = Collection(tmp_path / "other", create=True)
    other.claim_space(SPACE)
    store(other, rows(400, 1), rows(400, 2))
    found = []
    for one in (collection, other):
        for kind in KINDS:
            told = Relevance(one, WordsEncoder).score_models(
                kind, ["text"], rows(1, 3), together=True
            )
            assert told[0] is not None
            found.append(told[0].none)
    assert found == pytest.approx([0.32, 0.32, 0.2, 0.2], abs=0.005)
