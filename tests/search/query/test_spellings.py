"""Of a field of the type ``anycase`` a value stands for each way it is written."""

from collections.abc import Iterator

import pytest

from binocle.collection.collection import Collection
from binocle.errors import FilterError
from search.query.filter_language import parse_where
from search.query.spellings import checked_filter
from search.query.warnings import doubts
from tests.support.titles import record

COLORS = ("Red", "RED", "red", "Navy Blue", "Straße", "Dark Red")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    with Collection(tmp_path_factory.mktemp("shop") / "c", create=True) as shop:
        shop.upsert(
            [
                record(str(at), "a shirt", color=color, brand=color, tags=[color, "New"])
                for at, color in enumerate(COLORS)
            ]
        )
        shop.declare({"color": "anycase", "tags": "anycase"})
        yield shop


def found(shop: Collection, expression: str) -> list[str]:
    meant = checked_filter(shop, parse_where(expression))
    assert meant is not None
    with shop.reading() as session:
        numbers = session.records.matching(meant).tolist()
        return sorted(one.id for one in session.records.by_number(numbers).values())


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ("color = red", "012"),
        ("color = RED and not brand = RED", "02"),
        ("color != Red", "345"),
        ("not color = red", "345"),
        ("color in (red, 'NAVY blue')", "0123"),
        ("color prefix r", "012"),
        ("color prefix NAVY", "3"),
        ("color = STRASSE or color = green", "4"),
        ("color = green", ""),
        ("color prefix green", ""),
        ("tags = new", "012345"),
        ("tags = red", "012"),
        ("color contains red", "0125"),
        ("brand = red", "2"),  # not declared
    ],
)
def test_capitals_do_not_count_where_it_is_declared(
    shop: Collection, expression: str, ids: str
) -> None:
    assert "".join(found(shop, expression)) == ids


def test_values_are_given_back_and_counted_as_they_are_written(shop: Collection) -> None:
    assert shop.record("1").metadata["color"] == "RED"
    with shop.reading() as session:
        assert session.fields.texts("color") == sorted(COLORS)
        assert session.fields.texts("nothing") == []


def test_nobody_is_warned_of_spellings_that_count(shop: Collection) -> None:
    assert doubts(shop, parse_where("color = rED")) == []
    assert doubts(shop, parse_where("brand = rED")) != []


def test_times_are_checked_as_well(shop: Collection) -> None:
    assert checked_filter(shop, None) is None
    shop.declare({"day": "date"})
    with pytest.raises(FilterError, match="holds dates"):
        checked_filter(shop, parse_where("day < banana"))
