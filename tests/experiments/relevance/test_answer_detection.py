"""The measure of whether relevance tells what a collection has, on things that are known."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.errors import UsageError
from binocle.types import Limits
from experiments.relevance.answer_detection import (
    WAYS,
    Question,
    Told,
    area,
    ask,
    build,
    questions,
    report,
)
from experiments.relevance.fit_evidence import FITS, AnswerEvidence, evidence_of, fit, fit_lines
from experiments.relevance.logistic import logistic
from experiments.relevance.question_pictures import QuestionPictures, content_words
from search.searcher import Searcher

_ENCODER = ColourEncoder()
_COLOURS = ("red", "green", "blue", "yellow", "pink", "brown")
_THINGS = ("kettle", "lantern", "saddle", "ladder", "violin")


def pictures(
    things: tuple[str, ...], count: int = 60, *, several: bool = False
) -> QuestionPictures:
    """Return pictures that show a colour, with a title of it and a thing; labels are things."""
    texts, labels = [], []
    for number in range(count):
        colour, thing = _COLOURS[number % 6], things[number // 6 % len(things)]
        first = f"one {colour} {thing} standing outside"
        texts.append((first, f"look, {thing} in {colour}" if several else first))
        labels.append(thing)
    rows, others = (_ENCODER.encode_texts([one[side] for one in texts]) for side in (0, 1))
    return QuestionPictures(
        rows=rows,
        first=rows,
        last=others,
        short=_ENCODER.encode_texts(labels),
        words=tuple(content_words(" ".join(one)) for one in texts),
        asked=tuple(content_words(one[1]) for one in texts),
        labels=() if several else tuple(labels),
        texts=tuple(texts),
    )


@pytest.fixture
def sets() -> dict[str, QuestionPictures]:
    return {
        "flickr8k-dev": pictures(_THINGS, several=True),
        "electronics": pictures(("router", "charger", "webcam")),
        "caltech101": pictures(("anchor", "violin")),
    }


@pytest.fixture
def collection(tmp_path: Path, sets: dict[str, QuestionPictures]) -> Iterator[Collection]:
    with build(tmp_path / "things", sets["flickr8k-dev"], _ENCODER) as made:
        yield made


def test_what_is_asked_in_vain_is_of_other_sets(sets: dict[str, QuestionPictures]) -> None:
    asked = {one.name: one for one in questions(sets, 20)}
    assert asked.keys() == {"flickr8k-dev", "electronics"}
    photos = asked["flickr8k-dev"]
    assert all(len(texts) <= 20 for texts in photos.unanswerable.values())
    assert photos.unanswerable["class names"] == ["anchor", "violin"]
    assert photos.unanswerable["class names in no text"] == ["anchor"]
    said = set().union(*photos.pictures.words)
    assert all(word in said for word in photos.answerable["single words"])
    assert set(photos.answerable["captions"]) <= {last for _, last in photos.pictures.texts}
    assert list(asked) == [one.name for one in questions(sets, 20)]


def test_words_tell_things_that_are_there_from_things_that_are_not(
    collection: Collection,
) -> None:
    searcher = Searcher(collection, lambda: _ENCODER, limits=Limits())
    there, missing = (
        ask(searcher, texts, WAYS["keyword"])
        for texts in (["violin", "red kettle"], ["anchor", "a photo of a router", "xqzv"])
    )
    assert there.relevance.min() > 0.5
    assert not there.no_match.any()
    assert missing.relevance.tolist() == [0.0] * 3
    assert missing.no_match.all()


def test_area_has_an_interval_around_it() -> None:
    random = np.random.default_rng(0)
    high, low = random.normal(1, 1, 80), random.normal(0, 1, 80)
    nothing = np.zeros(80, np.bool_)
    found = area(Told(high, nothing), Told(low, nothing))
    assert found.low < found.value < found.high
    assert found.value == pytest.approx((high[:, np.newaxis] > low).mean())
    same = area(Told(high, nothing), Told(high, nothing))
    assert same.value == pytest.approx(0.5)


def test_report_has_a_line_for_each_mode_and_pair(
    collection: Collection, sets: dict[str, QuestionPictures]
) -> None:
    searcher = Searcher(collection, lambda: _ENCODER, limits=Limits())
    asked = {"a": ["red violin"], "b": ["kettle"]}
    one = Question("x", sets["flickr8k-dev"], asked, {"c": ["anchor"], "d": ["qqq"], "e": []})
    lines = list(report(one, searcher))
    assert len(lines) == len(WAYS) * 2 * 2
    assert all(line.count("|") == 8 for line in lines)


def test_a_fit_finds_the_weights_that_made_the_answers() -> None:
    random = np.random.default_rng(0)
    rows = random.normal(size=(20_000, 2))
    odds = rows @ np.array([2.0, -1.0]) + 0.5
    wanted = (random.random(len(rows)) < 1 / (1 + np.exp(-odds))).astype(np.float64)
    found = logistic(rows, wanted, np.ones(len(rows)))
    assert found == pytest.approx([2.0, -1.0, 0.5], abs=0.1)


def test_evidence_is_fitted_over_all_and_without_each_data_set() -> None:
    random = np.random.default_rng(0)
    known = []
    for family in ("photos", "products"):
        for is_answerable in (True, False):
            names = {name for used in FITS.values() for name in used}
            features = {name: random.normal(is_answerable, 1, 50) for name in names}
            known.append(AnswerEvidence(family, features, is_answerable))
    lines = list(fit_lines(known))
    assert len(lines) == len(FITS) * 3
    assert lines[0].startswith("pictures and texts\tall\tby pictures ")
    assert lines[1].startswith("pictures and texts\twithout photos\t")
    assert (fit(known, ("coverage",))[:1] > 0).all()


def test_a_model_that_tells_nothing_apart_cannot_be_fitted(collection: Collection) -> None:
    with pytest.raises(UsageError, match="too few words apart"):
        evidence_of("photos", collection, _ENCODER, ["red kettle"], answerable=True)
