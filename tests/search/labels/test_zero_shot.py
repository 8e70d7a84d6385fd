import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.encoders.base import unit_rows
from binocle.encoders.colour import ColourEncoder
from binocle.errors import UsageError
from binocle.types import Float32Array
from search.labels.zero_shot import TEMPLATES, Labelling, LabelSet
from search.relevance.background_texts import background_texts

_COLOURS = ("red", "blue", "green")
_ENCODER = ColourEncoder()
_BACKGROUND = _ENCODER.encode_texts(background_texts())


def _rows(count: int, seed: int) -> Float32Array:
    return unit_rows(np.random.default_rng(seed).normal(size=(count, 443)))


@settings(deadline=None)
@given(st.integers(0, 500), st.integers(1, 8))
def test_probabilities_of_all_labels_and_of_none_add_up_to_one(seed: int, count: int) -> None:
    names = [f"thing{number}" for number in range(count)]
    label_set = LabelSet.of(names, _ENCODER, _BACKGROUND)
    likely = label_set.probabilities(_rows(5, seed))
    assert likely.shape == (5, count + 1)
    assert (likely >= 0).all()
    assert likely.sum(axis=1) == pytest.approx(np.ones(5))


def test_a_nearer_label_is_likelier_and_the_best_comes_first() -> None:
    label_set = LabelSet.of(list(_COLOURS), _ENCODER, _BACKGROUND)
    images = _rows(20, 1)
    nearest = (images @ label_set.rows_kd.T).argmax(axis=1)
    for one, place in zip(label_set.label(images), nearest, strict=True):
        assert one.labels[0][0] == list(_COLOURS)[place]
        assert [value for _, value in one.labels] == sorted(
            (value for _, value in one.labels), reverse=True
        )


def test_none_of_these_wins_where_no_label_stands_out_unless_forbidden() -> None:
    label_set = LabelSet.of(["red"], _ENCODER, _BACKGROUND)
    blue = _ENCODER.encode_texts(["blue"])
    assert label_set.label(blue)[0].best is None
    assert label_set.label(blue, force=True)[0] == Labelling((("red", 1.0),), 0.0)
    assert label_set.label(_ENCODER.encode_texts(["red"]))[0].best == "red"


def test_labels_are_refused_that_cannot_be_embedded() -> None:
    with pytest.raises(UsageError, match="no labels"):
        LabelSet.of([" ", ""], _ENCODER, _BACKGROUND)
    with pytest.raises(UsageError, match="more than the limit"):
        LabelSet.of([str(number) for number in range(10_001)], _ENCODER, _BACKGROUND)
    with pytest.raises(UsageError, match=r"has no \{\}"):
        LabelSet.of(["red"], _ENCODER, _BACKGROUND, ["a photo"])
    assert LabelSet.of([" red", "red", "blue"], _ENCODER, _BACKGROUND).names == ("red", "blue")


def test_the_usual_templates_end_with_the_bare_label() -> None:
    assert TEMPLATES[-1] == "{}"
