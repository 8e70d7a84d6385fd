"""The measures of words and vectors together, on a shop whose answers are known."""

from pathlib import Path

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.types import Limits, NewPart, NewRecord
from experiments.relevance.hybrid_modes import WAYS, measure_composed, measure_titles
from search.searcher import Searcher

_ENCODER = ColourEncoder()
_COLOURS = ("red", "green", "blue", "yellow")
_THINGS = ("kettle", "lantern", "saddle")


@pytest.fixture
def shop(tmp_path: Path) -> tuple[Searcher, dict[str, str], dict[str, tuple[str, str]]]:
    """Return six of each thing in each colour; a picture shows nothing but the colour."""
    records, titles, kinds = [], {}, {}
    for number in range(72):
        colour, thing = _COLOURS[number % 4], _THINGS[number // 4 % 3]
        key, title = f"r{number}", f"{colour} {thing} model {number:03}"
        row = _ENCODER.encode_texts([colour])[0]
        picture = NewPart("image", "image", key, f"p{number}".encode(), row)
        text = NewPart("text", "title", key, title.encode(), row, title)
        records.append(NewRecord(key, key, {"title": title}, (picture, text)))
        titles[key], kinds[key] = title, (thing, colour)
    collection = Collection(tmp_path / "shop", create=True)
    collection.claim_space(_ENCODER.space)
    collection.upsert(records)
    return Searcher(collection, lambda: _ENCODER, limits=Limits()), titles, kinds


@pytest.mark.slow
def test_titles_are_found_by_words_and_hardly_by_looks(
    shop: tuple[Searcher, dict[str, str], dict[str, tuple[str, str]]],
) -> None:
    searcher, titles, _ = shop
    figures = measure_titles(searcher, titles, 20)
    assert figures.keys() == WAYS.keys()
    assert figures["as it is"]["keyword"] == figures["as it is"]["hybrid"] == 1.0
    assert figures["as it is"]["semantic"] < 0.5


def test_other_colours_of_a_thing_are_found_by_both_together(
    shop: tuple[Searcher, dict[str, str], dict[str, tuple[str, str]]],
) -> None:
    searcher, _, kinds = shop
    shares = measure_composed(searcher, kinds, 20)
    assert 0.0 <= shares["semantic"] <= shares["hybrid"] <= 1.0
    assert shares["hybrid"] > 0.0
    assert measure_composed(searcher, {"r0": ("kettle", "red")}, 20)["hybrid"] == 0.0


def test_ways_to_ask_change_what_they_say() -> None:
    random = np.random.default_rng(0)
    title = "Canvas shoulder bag with zip"
    assert WAYS["as it is"](title, random) == title
    assert sorted(WAYS["shuffled"](title, random).split()) == sorted(title.split())
    assert len(WAYS["two words left out"](title, random).split()) == 3
    assert len(WAYS["misspelt"](title, random)) == len(title) - 1
    assert WAYS["two words left out"]("red bag", random) in {"red bag", "bag red"}
