"""Which ids there are, what is within a budget, and which example a record is most like."""

from collections.abc import Iterator

import pytest

from api.container import Container
from api.operations.recommending import bounded, known_ids, reasons_for
from api.settings import read_settings
from binocle.collection.collection import Collection
from binocle.errors import UsageError
from binocle.media.kinds import IMAGE, TEXT
from binocle.metadata.filters import And, Comparison, Not
from binocle.types import Kind
from tests.support.shop import NAME, Shop


@pytest.fixture
def products(shop: Shop) -> Iterator[Collection]:
    container = Container(read_settings(home=shop.service.home, model="colour"))
    with container.open_collection(NAME) as opened:
        yield opened


def test_known_ids_are_those_there_are(products: Collection) -> None:
    assert known_ids(products, ["sku-00", "none", "sku-00", "sku-59"]) == {"sku-00", "sku-59"}
    assert known_ids(products, []) == set()
    assert known_ids(products, [f"sku-{number}" for number in range(10_000)]) == {
        f"sku-{number}" for number in range(10, 60)
    }


def test_the_budget_is_of_the_price_or_of_a_field_that_is_named(products: Collection) -> None:
    assert bounded(products, seen=(), field=None, at_most=None) is None
    found = bounded(products, seen=["b", "b"], field=None, at_most=9.5)
    assert found == And((Comparison("price", "lte", 9.5), Not(Comparison("id", "in", ("b",)))))
    assert bounded(products, seen=(), field="width", at_most=0) == And(
        (Comparison("width", "lte", 0),)
    )
    for most in (1e300, -1e300, 2.0**63):  # no database has such whole numbers
        within = bounded(products, seen=(), field="price", at_most=most)
        with products.reading() as session:
            assert within is not None
            assert bool(len(session.records.matching(within))) == (most > 0)
    with pytest.raises(UsageError, match="'title' holds no numbers; of numbers are: bytes"):
        bounded(products, seen=(), field="title", at_most=9)


def test_reasons_name_the_nearest_example_of_the_same_kind(products: Collection) -> None:
    parts: dict[str, tuple[int, Kind]] = {}
    for record_id in ("sku-05", "sku-07"):  # red, blue
        (part,) = [one for one in products.record(record_id).parts if one.kind == IMAGE]
        parts[record_id] = part.id, IMAGE
    red, blue = reasons_for(products, parts, ["sku-00", "gone", "sku-02"])
    assert (red.id, red.like, blue.id, blue.like) == ("sku-05", "sku-00", "sku-07", "sku-02")
    assert 0.9 < red.similarity <= 1.0001
    (text,) = [one for one in products.record("sku-05").parts if one.kind == TEXT]
    (by_text,) = reasons_for(products, {"sku-05": (text.id, TEXT)}, ["sku-02", "sku-00"])
    assert by_text.like == "sku-00"
    assert reasons_for(products, parts, ["gone"]) == []
