"""What is said of a price is read, and numbers that are none are left alone."""

import pytest

from search.query.bounds.price_phrases import price_wish
from search.query.natural_language import Phrase, forgets_price, parse_first, parse_turn
from search.query.query import Sort, Term
from search.query.stored_words import StoredWords


def price() -> str:
    return "price"


@pytest.mark.parametrize(
    ("asked", "what", "bounds"),
    [
        ("headphones upto 1000", "headphones", [("lte", 1000)]),
        ("headphones up to 1000", "headphones", [("lte", 1000)]),
        ("phone within 15,000", "phone", [("lte", 15000)]),
        ("phone <= 15000", "phone", [("lte", 15000)]),
        ("phone <15000", "phone", [("lt", 15000)]),
        ("laptops above 30k", "laptops", [("gt", 30000)]),
        ("laptop above 1.5 lakh", "laptop", [("gt", 150000)]),
        ("laptop costlier than 50 thousand", "laptop", [("gt", 50000)]),
        ("shoes under Rs. 1,29,999/- only", "shoes", [("lt", 129999)]),
        ("shoes 500-1000", "shoes", [("gte", 500), ("lte", 1000)]),
        ("shoes 500 – 1000", "shoes", [("gte", 500), ("lte", 1000)]),
        ("shoes $20-$60", "shoes", [("gte", 20), ("lte", 60)]),
        ("shoes between 20-60", "shoes", [("gte", 20), ("lte", 60)]),
        ("phone between 5-10k", "phone", [("gte", 5000), ("lte", 10000)]),
        ("phone in the range of 5k to 10k", "phone", [("gte", 5000), ("lte", 10000)]),
        ("phone price range 500-1000", "phone", [("gte", 500), ("lte", 1000)]),
        ("phone 10000 and above", "phone", [("gte", 10000)]),
        ("phone 10000 or less", "phone", [("lte", 10000)]),
        ("camera with a budget of 20000", "camera", [("lte", 20000)]),
        ("shoes under 500 for women", "shoes for women", [("lt", 500)]),
        ("tv 43 inch under 30000", "tv 43 inch", [("lt", 30000)]),
        ("phones of 4 stars under 10000", "phones of 4 stars", [("lt", 10000)]),
        ("shoes between rs 1990 and 2000", "shoes", [("gte", 1990), ("lte", 2000)]),
        ("shoes between 1500 and 2000", "shoes", [("gte", 1500), ("lte", 2000)]),
        ("shoes 499-999", "shoes", [("gte", 499), ("lte", 999)]),
        ("shoes for men under 500", "shoes for men", [("lt", 500)]),
        ("t-shirt for kids under $12", "t-shirt for kids", [("lt", 12)]),
        ("anything above 30k", "", [("gt", 30000)]),
        ("headphones around 500", "headphones", [("gte", 400), ("lte", 600)]),
        ("a watch for about $12.50", "a watch", [("gte", 10), ("lte", 15)]),
        ("shoes approx. 1,000", "shoes", [("gte", 800), ("lte", 1200)]),
    ],
)
def test_bounds_are_read_as_people_say_them(
    asked: str, what: str, bounds: list[tuple[str, float]]
) -> None:
    phrase = parse_first(asked, price)
    assert phrase.terms == ((Term(text=what),) if what else ())
    assert [(one.operator, one.value) for one in phrase.amounts] == bounds


@pytest.mark.parametrize("asked", ["books about 1984", "about 3 dogs", "a dog about 5"])
def test_what_is_about_a_year_or_a_few_is_no_price(asked: str) -> None:
    assert parse_first(asked, price) == Phrase((Term(text=asked),))


@pytest.mark.parametrize(
    ("asked", "what", "down"),
    [
        ("cheapest watch", "watch", False),
        ("show me the cheapest red watch", "red watch", False),
        ("least expensive watch", "watch", False),
        ("most expensive watch", "watch", True),
        ("watch, cheapest first", "watch", False),
        ("watches most expensive first please", "watches", True),
        ("watch sorted by price", "watch", False),
        ("watch sort by price high to low", "watch", True),
        ("watch price low to high", "watch", False),
        ("cheapest", "", False),
        ("sorted by price", "", False),
        ("sort by price, high to low", "", True),
        ("the most expensive ones", "", True),
    ],
)
def test_order_by_price_is_read_of_a_first_question(asked: str, what: str, *, down: bool) -> None:
    phrase = parse_first(asked, price)
    assert phrase == Phrase((Term(text=what),) if what else (), sort=(Sort("price", down),))
    assert parse_first(asked, lambda: None).terms == (Term(text=asked),)


def test_order_bound_and_negation_go_together() -> None:
    phrase = parse_first("cheapest shoes under 2k but not red", price)
    assert phrase.terms == (Term(text="shoes"), Term(text="red", weight=-1.0))
    assert ([one.value for one in phrase.amounts], phrase.sort) == ([2000], (Sort("price"),))


@pytest.mark.parametrize(
    "asked",
    ["nike air max 270", "iphone 13", "lens 70-200", "coins 1990-2000", "dress for age 500-1000",
     "tv 32-55", "puzzle of 1000 pieces", "cheap watch", "mouse with upto 1600 dpi", "size 600-500",
     '"cheapest watch"', "my dearest", "shoes 60-20", "phone 12+", "a500+ case",
     "photos between 1990 and 2000", "from 1990-2000", "photos from 1990 to 2000", "2019-2020",
     "phone 555-1234", "12-2019", "2019-07", "24-70", "ssd up to 560 mb/s", "cell under 2000 mah",
     "rating above 4", "iso 100-400", "spf over 50", "reviews over 1000", "room 100-200"],
)  # fmt: skip
def test_what_is_no_price_is_left_alone(asked: str) -> None:
    assert parse_first(asked, lambda: pytest.fail("asked")).terms == (Term(text=asked),)


def test_what_the_collection_says_is_no_price() -> None:
    stored = StoredWords(
        is_title="Gift card up to Rs 5000".__eq__, has_phrase=["100-400", "upto 500"].__contains__
    )
    for asked in ("Gift card up to Rs 5000", "lens 100-400", "scales upto 500"):
        assert parse_first(asked, price, stored) == Phrase((Term(text=asked),))
    assert price_wish("gift card up to Rs 500", price, stored).amounts


@pytest.mark.parametrize(
    "said",
    ["forget the price", "Forget about the price limit.", "any price", "the price doesn't matter",
     "never mind the budget", "price is no object"],
)  # fmt: skip
def test_price_may_matter_no_more(said: str) -> None:
    assert parse_turn(said, price) == Phrase(forgotten=("price",))
    assert not parse_turn(said).forgotten
    assert not forgets_price("forget the hat")


def test_years_of_a_turn_are_no_price() -> None:
    assert parse_turn("from 1990-2000", price).terms == (Term(text="from 1990-2000"),)


def test_bounds_of_a_turn_may_stand_alone() -> None:
    for said, values in (("upto 30", [30]), ("above 30k", [30000]), ("5-10k", [5000, 10000])):
        assert [one.value for one in parse_turn(said, price).amounts] == values
    assert parse_turn("the dearest", price).sort == (Sort("price", descending=True),)
