"""Numbered strings: whatever is asked of codes is what a look at every string finds."""

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from binocle.metadata import filters
from binocle.metadata.day_numbers import date_numbers
from binocle.metadata.string_dictionary import NONE, CodeSet, Dictionary
from tests.support.random_metadata import texts

strings = st.lists(texts, max_size=12, unique=True)


def dictionary_of(base: list[str], later: list[str]) -> Dictionary:
    made = Dictionary(sorted(base))
    for one in later:
        made.code(one)
    return made


def strings_of(dictionary: Dictionary, found: CodeSet) -> list[str]:
    codes = np.arange(NONE, len(dictionary), dtype=np.int32)
    inside = codes[found.has(codes)].tolist()
    assert bool(found) or not inside
    assert NONE not in inside
    return sorted(dictionary.text(code) for code in inside)


@given(base=strings, later=strings)
def test_each_string_has_one_code_that_stays(base: list[str], later: list[str]) -> None:
    made = Dictionary(sorted(base))
    before = [made.code(one) for one in base]
    added = [made.code(one) for one in later]
    assert len(made) == len({*base, *later})
    assert [made.code(one) for one in base] == before
    assert [made.text(code) for code in (*before, *added)] == [*base, *later]


@given(base=strings, later=strings)
def test_ranks_are_places_in_the_order_of_all(base: list[str], later: list[str]) -> None:
    made = dictionary_of(base, later)
    in_order = sorted({*base, *later})
    assert [in_order[rank] for rank in made.ranks().tolist()] == [
        made.text(code) for code in range(len(made))
    ]


@given(base=strings, later=strings, one=texts, other=texts)
def test_codes_are_those_of_the_strings_that_pass(
    base: list[str], later: list[str], one: str, other: str
) -> None:
    made, every = dictionary_of(base, later), {*base, *later}

    def passing(test: Callable[[str], bool]) -> list[str]:
        return sorted(filter(test, every))

    asked = [*base[::2], one]
    assert strings_of(made, made.equal_to(asked)) == passing(lambda text: text in asked)
    between = strings_of(made, made.between(one, other))
    assert between == passing(lambda text: one <= text < other)
    assert strings_of(made, made.between(None, other)) == passing(lambda text: text < other)
    assert strings_of(made, made.between(one, None)) == passing(lambda text: text >= one)
    prefixed = strings_of(made, made.prefixed(one))
    assert prefixed == passing(lambda text: text.startswith(one))
    if one:
        containing = strings_of(made, made.containing(one))
        assert containing == passing(lambda text: filters.has_part(text, one))
        with_words = strings_of(made, made.with_words(one))
        assert with_words == passing(
            lambda text: filters.has_part(text, one) and filters.has_words(text, one)
        )


@given(base=strings, later=strings)
def test_dates_are_told_from_other_strings_in_a_span(base: list[str], later: list[str]) -> None:
    made = dictionary_of(base, later)
    codes = np.arange(len(made), dtype=np.int32)
    every = [made.text(code) for code in range(len(made))]
    expected = date_numbers(every)
    assert made.date_numbers(codes).tolist() == expected.tolist()
    dates = {text for text, day in zip(every, expected, strict=True) if day >= 0}
    found = strings_of(made, made.during("2021", "2021-04"))
    assert found == sorted(one for one in dates if "2021" <= one < "2021-04")


def test_a_dictionary_is_worn_when_much_was_added() -> None:
    made = Dictionary([])
    for number in range(10_000):
        made.code(str(number))
    assert not made.is_worn
    made.code("one more")
    assert made.is_worn


def test_many_hits_are_found_as_few_are() -> None:
    made = Dictionary(sorted(f"{number:03} red" for number in range(200)))
    assert strings_of(made, made.containing("RED")) == [made.text(code) for code in range(200)]
    assert strings_of(made, made.containing("017")) == ["017 red"]
