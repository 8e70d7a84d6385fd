"""What is suggested begins as typed somewhere, the most frequent first."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.types import NewPart, NewRecord, Space
from search.keyword.suggestions import Suggester, Suggestion, SuggestionTable


def product(key: str, title: str, **metadata: str | list[str]) -> NewRecord:
    row = np.array([1, 0], np.float32)
    part = NewPart("text", "title", "t", title.encode().ljust(32)[:32], row, text=title)
    return NewRecord(key, key, metadata, (part,))  # type: ignore[arg-type]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path / "shop", create=True) as opened:
        opened.claim_space(Space("toy", 2, "0"))
        opened.upsert(
            [
                product("1", "Red bag", brand="Nike", tags=["new", "leather"]),
                product("2", "Red bag", brand="Nike"),
                product("3", "Blue bag", brand="Bagatelle"),
                product("4", "Café crème", brand="Nike"),
                product("5", "红色连衣裙", brand="无印"),
            ]
        )
        yield opened


def texts(suggester: Suggester, typed: str, limit: int = 8) -> list[str]:
    return [one.text for one in suggester.suggest(typed, limit)[0]]


def test_words_of_titles_and_values_are_found_by_their_beginning(shop: Collection) -> None:
    suggester = Suggester(shop)
    assert texts(suggester, "re") == ["Red bag"]
    assert texts(suggester, "BAG") == ["Bagatelle", "Red bag", "Blue bag"]
    assert texts(suggester, "bag", limit=1) == ["Bagatelle"]
    assert texts(suggester, "red  b") == ["Red bag"]
    assert texts(suggester, "cafe") == texts(suggester, "CAFÉ ") == ["Café crème"]
    assert texts(suggester, "红色") == ["红色连衣裙"]
    assert texts(suggester, "leath") == ["leather"]
    assert texts(suggester, "ed") == texts(suggester, "zzz") == texts(suggester, "  ") == []
    assert suggester.suggest("nik", 3)[0] == [Suggestion("Nike", 3, "value", "brand")]


def test_what_is_misspelt_is_read_as_what_is_there(shop: Collection) -> None:
    assert Suggester(shop).suggest("leahter", 3) == (
        [Suggestion("leather", 1, "value", "tags")], "leather",
    )  # fmt: skip


def test_queries_that_had_answers_are_suggested_once_they_were_asked_again(
    shop: Collection,
) -> None:
    suggester = Suggester(shop)
    suggester.note("Red  bags for women", 7)
    assert texts(suggester, "red") == ["Red bag"]
    suggester.note("red bags for women", 8)
    found = suggester.suggest("red", 8)[0]
    assert found[0] == Suggestion("red bags for women", 8, "query", "")
    assert [one.text for one in found[1:]] == ["Red bag"]
    suggester.note("x" * 200, 1)
    suggester.note("x" * 200, 1)
    assert texts(suggester, "xx") == []


def test_what_is_stored_later_is_suggested_soon(shop: Collection) -> None:
    suggester = Suggester(shop)
    assert texts(suggester, "green") == []
    shop.upsert([product("6", "Green hat")])
    deadline = time.monotonic() + 10
    while texts(suggester, "green") != ["Green hat"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    shop.remove(["1", "2"])
    while texts(suggester, "red"):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_most_frequent_of_many_are_found() -> None:
    said = [Suggestion(f"shoe {number}", number % 97, "value", "f") for number in range(3000)]
    found = SuggestionTable.of(1, said).beginning("shoe", 5)
    assert [one.count for one in found] == [96] * 5
