from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binocle.collection.collection import Collection
from binocle.collection.snapshot import Owners
from binocle.encoders.base import unit_rows
from binocle.metadata.filters import Comparison
from binocle.types import (
    KINDS,
    Float32Array,
    ImageInfo,
    ImageSpec,
    Kind,
    Limits,
    NewPart,
    NewRecord,
    Space,
)
from search.query.query import Query, Target, Term
from search.relevance import background_texts
from search.relevance.calibration import FITTED, Calibration
from search.relevance.calibrator import Relevance, parts_beside
from search.relevance.hub_correction import DEPTH
from search.results.answer import Answer
from search.searcher import Searcher

_DIMENSION = 24
_SPACE = Space("words", _DIMENSION, "f" * 64)
_INFO = ImageInfo(1, 1, 1, "png")


class WordsEncoder:
    """Embeds each text as a random row that depends on the text only."""

    space = _SPACE
    image_spec = ImageSpec(1, 1)
    batch_size = 1
    runs_on = "test"
    vocabulary = ()

    def can_read(self, text: str) -> bool:
        return True

    def __init__(self) -> None:
        self.asked = 0

    def encode_images(self, pixels_nhwc: object) -> Float32Array:
        raise NotImplementedError

    def encode_texts(self, texts: Sequence[str]) -> Float32Array:
        self.asked += len(texts)
        seeds = [int.from_bytes(text.encode()[:8].ljust(8), "big") + len(text) for text in texts]
        return unit_rows(
            np.stack([np.random.default_rng(seed).normal(size=_DIMENSION) for seed in seeds])
        )


class _Against(WordsEncoder):
    """Embeds what is asked on the side where nothing is, and background texts anywhere."""

    def encode_texts(self, texts: Sequence[str]) -> Float32Array:
        if len(texts) > 1:
            return super().encode_texts(texts)
        return -unit_rows(np.ones((1, _DIMENSION)))


def _rows(count: int, seed: int, *, about: object = 0.0) -> Float32Array:
    rng = np.random.default_rng(seed)
    return unit_rows(np.asarray(about, np.float64) + rng.normal(size=(count, _DIMENSION)))


def _store(
    collection: Collection, images: Float32Array, texts: Float32Array | None = None, start: int = 0
) -> None:
    records = []
    for number, row in enumerate(images, start):
        parts = [NewPart("image", "image", f"{number}.png", b"%d" % number, row, info=_INFO)]
        if texts is not None:
            text = f"text {number}"
            parts.append(NewPart("text", "text", text, text.encode(), texts[number - start], text))
        records.append(NewRecord(f"r{number}", f"r{number}", {}, tuple(parts)))
    collection.upsert(records)


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    made = Collection(tmp_path / "collection", create=True)
    made.claim_space(_SPACE)
    return made


def test_background_texts_are_embedded_once_for_a_collection(collection: Collection) -> None:
    _store(collection, _rows(100, 1))
    encoder = WordsEncoder()
    query = _rows(1, 2)
    first = Relevance(collection, lambda: encoder).score_models("image", ["text"], query)
    again = Relevance(collection, lambda: encoder).score_models("image", ["text"], query)
    assert encoder.asked == background_texts.COUNT
    assert first[0] is not None
    assert first == again


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_a_damaged_or_foreign_background_file_is_made_anew(
    collection: Collection, content: bytes | None
) -> None:
    _store(collection, _rows(100, 1))
    path = collection.path / "background.npz"
    if content is not None:
        path.write_bytes(content)
    else:
        np.savez(path, rows=_rows(512, 3), stamp=np.array(f'[{background_texts.VERSION}, "other"]'))
    encoder = WordsEncoder()
    score_model = Relevance(collection, lambda: encoder).score_models(
        "image", ["text"], _rows(1, 2)
    )[0]
    assert encoder.asked == background_texts.COUNT
    assert score_model is not None


def test_nobody_tells_about_few_parts_or_vectors_of_unknown_origin(collection: Collection) -> None:
    _store(collection, _rows(3, 1))
    relevance = Relevance(collection, WordsEncoder)
    assert relevance.score_models("image", ["text", "image", None], _rows(3, 2)) == [None] * 3
    assert relevance.score_models("text", ["text", "image"], _rows(2, 2)) == [None] * 2
    _store(collection, _rows(100, 4), start=3)
    score_models = relevance.score_models("image", ["text", "image", None], _rows(3, 2))
    assert [one is None for one in score_models] == [False, False, True]


def test_pictures_ask_without_an_encoder(collection: Collection) -> None:
    _store(collection, _rows(100, 1))
    encoder = WordsEncoder()
    score_model = Relevance(collection, lambda: encoder).score_models(
        "image", ["image"], _rows(1, 2)
    )[0]
    assert score_model is not None
    assert encoder.asked == 0


def test_a_calibration_follows_a_collection_that_grows_but_not_every_record(
    collection: Collection,
) -> None:
    _store(collection, _rows(100, 1))
    relevance = Relevance(collection, WordsEncoder)
    query = _rows(1, 2)
    first = relevance.score_models("image", ["text"], query)
    _store(collection, _rows(10, 3), start=100)
    assert relevance.score_models("image", ["text"], query) == first
    _store(collection, _rows(60, 4, about=query[0] * 5), start=110)
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
    _store(collection, _rows(100, 1))
    relevance = Relevance(collection, WordsEncoder)
    for number in range(3):
        relevance.score_models("image", ["text"], _rows(1, 2))
        _store(collection, _rows(1, 3), start=100 + number)
    assert len(measured) == 1


def _hubby(count: int, hubs: int) -> tuple[Float32Array, Float32Array]:
    rng = np.random.default_rng(0)
    texts = rng.normal(size=(count, _DIMENSION))
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
    _store(collection, images, texts)
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
    _store(collection, images)
    relevance = Relevance(collection, WordsEncoder)
    assert relevance.depth("image", "text") == 0
    (found,) = collection.snapshot().nearest("image", images[:1], 10)
    order, scores = relevance.reorder("image", "text", found.part_ids, found.scores)
    assert order.tolist() == list(range(10))
    assert scores is found.scores


def test_a_prepared_collection_needs_no_model_for_its_first_query(collection: Collection) -> None:
    _store(collection, _rows(100, 1), _rows(100, 3))
    encoder = WordsEncoder()
    Relevance(collection, lambda: encoder).prepare()
    assert encoder.asked == background_texts.COUNT

    def nothing() -> WordsEncoder:
        raise AssertionError("no model is loaded")

    later = Relevance(collection, nothing)
    later.prepare()
    for kind in ("image", "text"):
        assert later.score_models(kind, ["text"], _rows(1, 2))[0] is not None


def test_preparing_stops_when_told_and_leaves_nothing_half_done(collection: Collection) -> None:
    _store(collection, _rows(100, 1))
    encoder = WordsEncoder()
    relevance = Relevance(collection, lambda: encoder)
    relevance.prepare(lambda: encoder.asked > 0)
    assert 0 < encoder.asked < background_texts.COUNT
    assert not (collection.path / "background.npz").exists()
    assert relevance.score_models("image", ["text"], _rows(1, 2))[0] is not None


def test_preparing_stops_between_the_texts_and_the_calibration(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    _store(collection, _rows(100, 1))
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
    texts = 6 * _rows(1, 7) + np.random.default_rng(8).normal(size=(400, _DIMENSION))
    _store(collection, unit_rows(texts + 0.1), unit_rows(texts))
    told = Relevance(collection, WordsEncoder).score_models("image", ["text"], _rows(1, 2))[0]
    assert told is not None
    assert told.none == 0.5
    bare = Collection(collection.path.parent / "bare", create=True)
    bare.claim_space(_SPACE)
    _store(bare, unit_rows(texts + 0.1))
    untold = Relevance(bare, WordsEncoder).score_models("image", ["text"], _rows(1, 2))[0]
    assert untold is not None
    assert untold.none == FITTED["text", "image"].none < 0.5


@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=30),
    st.sets(st.integers(0, 40)),
)
def test_parts_beside_are_the_first_of_the_same_record(
    parts: list[tuple[int, bool]], asked: set[int]
) -> None:
    kinds = [
        [(number, record) for number, (record, is_text) in enumerate(parts) if is_text == kind]
        for kind in (False, True)
    ]
    owners = [
        Owners(*(np.array([one[side] for one in each], np.int64) for side in (0, 1)))
        for each in kinds
    ]
    own, others = parts_beside(np.array(sorted(asked), np.int64), owners[0], owners[1])
    expected = [
        (number, min(text for text, one in kinds[1] if one == record))
        for number, record in kinds[0]
        if number in asked and any(one == record for _, one in kinds[1])
    ]
    assert list(zip(own.tolist(), others.tolist(), strict=True)) == expected


def _odds(relevance: Relevance, kind: Kind, query: Float32Array, *, together: bool) -> float:
    score_model = relevance.score_models(kind, ["text"], query, together=together)[0]
    assert score_model is not None
    return score_model.answer_odds


def test_texts_beside_pictures_help_to_tell_whether_there_is_an_answer(
    collection: Collection,
) -> None:
    texts = _rows(200, 1)
    _store(collection, _rows(200, 2), texts)
    relevance = Relevance(collection, WordsEncoder)
    query = _rows(1, 3)
    alone = [_odds(relevance, kind, query, together=False) for kind in KINDS]
    both = [_odds(relevance, kind, query, together=True) for kind in KINDS]
    assert relevance.are_described("text")
    assert both[0] == both[1]
    assert both[0] == pytest.approx(0.6 * sum(alone))


def test_few_texts_say_nothing_of_pictures(collection: Collection) -> None:
    _store(collection, _rows(30, 1), _rows(30, 2))
    _store(collection, _rows(100, 3), start=30)
    relevance = Relevance(collection, WordsEncoder)
    query = _rows(1, 4)
    assert not relevance.are_described("text")
    alone, both = (_odds(relevance, "image", query, together=one) for one in (False, True))
    assert alone == both
    assert not relevance.are_described("text")


@pytest.fixture
def noted(collection: Collection) -> Collection:
    """Return pictures with notes about which vectors of any text say that nothing fits."""
    pictures, notes = _rows(60, 1, about=9.0), _rows(60, 2, about=9.0)
    records = []
    for number, (picture, note) in enumerate(zip(pictures, notes, strict=True)):
        text = "standing beside a lantern" if number < 5 else "a saddle"
        image = NewPart("image", "image", f"{number}.png", b"%d" % number, picture, info=_INFO)
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
    _store(noted, _rows(100, 3, about=9.0), start=100)
    searcher = Searcher(noted, _Against, limits=Limits())
    assert searcher.search(Query((Term(text="standing"),), mode="semantic")).no_match


def test_own_texts_raise_what_pictures_and_texts_together_must_reach(
    collection: Collection, tmp_path: Path
) -> None:
    texts = 6 * _rows(1, 7) + np.random.default_rng(8).normal(size=(400, _DIMENSION))
    _store(collection, unit_rows(texts + 0.1), unit_rows(texts))
    other = Collection(tmp_path / "other", create=True)
    other.claim_space(_SPACE)
    _store(other, _rows(400, 1), _rows(400, 2))
    found = []
    for one in (collection, other):
        for kind in KINDS:
            told = Relevance(one, WordsEncoder).score_models(
                kind, ["text"], _rows(1, 3), together=True
            )
            assert told[0] is not None
            found.append(told[0].none)
    assert found == pytest.approx([0.32, 0.32, 0.2, 0.2], abs=0.005)
