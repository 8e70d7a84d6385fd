"""Plain words of a second turn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binocle.metadata.filters import And, Comparison, Operator
from binocle.metadata.visible_text import visible
from search.query.natural_language import Phrase, parse_first, parse_turn
from search.query.query import Sort, Term


def away(*texts: str) -> Phrase:
    return Phrase(tuple(Term(text=text, weight=-1.0) for text in texts))


def more(*texts: str) -> Phrase:
    return Phrase(tuple(Term(text=text) for text in texts))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("without people", away("people")),
        ("Without any people.", away("people")),
        ("no people", away("people")),
        ("but no people or cars", away("people", "cars")),
        ("no people, no cars", away("people", "cars")),
        ("not red", away("red")),
        ("no adidas please", away("adidas")),
        ("in red instead", more("in red")),
        ("not the red one", away("red one")),
        ("except for dogs", away("dogs")),
        ("only at night", more("at night")),
        ("but at night", more("at night")),
        ("at night", more("at night")),
        ("with a dog", more("with a dog")),
        ("show me only black and white ones", more("black and white ones")),
        ("notes on a table", more("notes on a table")),
        ("nothing", more("nothing")),
        ("node", more("node")),
        ("instead of red, blue", Phrase(swap=(("red", "blue"),))),
        ("blue instead of red", Phrase(swap=(("red", "blue"),))),
        ("make it blue instead of the red", Phrase(swap=(("red", "blue"),))),
        ("a cat rather than a dog", Phrase(swap=(("dog", "cat"),))),
        ("not red but blue", Phrase(swap=(("red", "blue"),))),
        ("replace red with blue", Phrase(swap=(("red", "blue"),))),
        ("forget the dog", Phrase(remove=("dog",))),
        ("drop people", Phrase(remove=("people",))),
        ("只要晚上", more("只要晚上")),
        ("", Phrase()),
        ("  ", Phrase()),
    ],
)
def test_phrase_is_read_as_people_mean_it(said: str, expected: Phrase) -> None:
    assert parse_turn(said) == expected


@pytest.mark.parametrize(
    ("said", "operator", "number"),
    [
        ("under 60", "lt", 60),
        ("only cheaper than €59.90", "lt", 59.9),
        ("less than 1,299 dollars", "lt", 1299),
        ("over 100", "gt", 100),
        ("at least 50", "gte", 50),
        ("no less than 50 euros", "gte", 50),
        ("minimum 50", "gte", 50),
        ("at most ₹1,299", "lte", 1299),
        ("up to 50", "lte", 50),
        ("max 40", "lte", 40),
        ("no more than 40, please", "lte", 40),
        ("but more than 100", "gt", 100),
    ],
)
def test_amount_is_of_the_price_where_there_is_one(
    said: str, operator: Operator, number: float
) -> None:
    bound = Comparison("price", operator, number)
    assert parse_turn(said, lambda: "price") == Phrase(amounts=(bound,))
    assert parse_turn(said, lambda: "price").where == bound
    assert parse_turn(f"{said}, without leather", lambda: "price") == Phrase(
        (Term(text="leather", weight=-1.0),), amounts=(bound,)
    )
    (term,) = parse_turn(said, lambda: None).terms
    assert (term.text or "?") in said
    assert term.weight == 1


def test_amounts_between_are_both_bounds() -> None:
    bounds = (Comparison("price", "gte", 50), Comparison("price", "lte", 80))
    assert parse_turn("between 80 and $50", lambda: "price") == Phrase(amounts=bounds)
    assert parse_turn("between 50 and 80", lambda: "price").where == And(bounds)


@pytest.mark.parametrize(
    ("said", "descending"),
    [
        ("cheapest first", False),
        ("the cheapest", False),
        ("sorted by price", False),
        ("most expensive first", True),
    ],
)
def test_order_by_price_is_understood(said: str, *, descending: bool) -> None:
    assert parse_turn(said, lambda: "price") == Phrase(sort=(Sort("price", descending),))
    assert parse_turn(said) == more(said)


@pytest.mark.parametrize(
    ("asked", "what", "operator"),
    [
        ("headphones under 1000", "headphones", "lt"),
        ("red shoes, at most $60", "red shoes", "lte"),
        ("under armour shoes over 50 euros", "under armour shoes", "gt"),
        ("shoes not over 60", "shoes", "lte"),
        ("dress not under 60", "dress", "gte"),
        ("shoes that cost less than 60", "shoes", "lt"),
        ("shoes under Rs. 1,000 please!", "shoes", "lt"),
        ("pack of 4 for under 100 bucks", "pack of 4", "lt"),
    ],
)
def test_first_question_says_the_price_at_its_end(
    asked: str, what: str, operator: Operator
) -> None:
    found = parse_first(asked, lambda: "price")
    assert [term.text for term in found.terms] == [what]
    assert [one.operator for one in found.amounts] == [operator]
    assert parse_first(asked, lambda: None) == more(asked)


@pytest.mark.parametrize(
    "asked",
    [
        "shoes over 20 and under 60",
        "shoes under 60 but over 20",
        "shoes, over 20, under 60",
        "shoes between Rs 20 and Rs. 60",
        "shoes from 20 to $60.",
    ],
)
def test_two_bounds_are_both_read(asked: str) -> None:
    found = parse_first(asked, lambda: "price")
    assert [term.text for term in found.terms] == ["shoes"]
    limits = {one.operator[0]: one.value for one in found.amounts}
    assert limits == {"g": 20, "l": 60}
    turn = parse_turn(asked.removeprefix("shoes").strip(" ,"), lambda: "price")
    assert (turn.terms, set(turn.amounts)) == ((), set(found.amounts))


def test_price_alone_is_a_filter_alone() -> None:
    bound = Comparison("price", "lt", 60)
    assert parse_first("under 60", lambda: "price") == Phrase(amounts=(bound,))


def test_price_at_the_end_of_a_wish_is_read_in_a_turn_as_well() -> None:
    found = parse_turn("blue shoes under 80, without leather", lambda: "price")
    assert found.amounts == (Comparison("price", "lt", 80),)
    assert [(term.text, term.weight) for term in found.terms] == [
        ("blue shoes", 1),
        ("leather", -1),
    ]


@pytest.mark.parametrize(
    "asked",
    ["boat under water", "over 100 people on a square", 'book "under 1000"', "under 18 only",
     "a child under", "t-shirt for kids under 12", "socks for men over 40", "girl over 18",
     "wall mount up to 42", "laptop with at least 16", "shoes over 20 metres"],
)  # fmt: skip
def test_first_question_that_says_no_price_is_left_alone(asked: str) -> None:
    assert parse_first(asked, lambda: pytest.fail("asked")) == more(asked)


@pytest.mark.parametrize("said", ["under a tree", "over 100 people", "cheaper", "at night"])
def test_other_words_are_no_amount(said: str) -> None:
    assert parse_turn(said, lambda: pytest.fail("asked")) == more(said)


def test_several_wishes_in_one_phrase_are_told_apart() -> None:
    assert parse_turn("only at night, without people and no cars") == Phrase(
        (Term(text="at night"), Term(text="people", weight=-1.0), Term(text="cars", weight=-1.0))
    )


@given(st.text(max_size=80))
def test_whatever_is_said_is_asked_for_somehow(said: str) -> None:
    found = parse_turn(said)
    if visible(said).strip(" .!?,"):
        assert found.terms or found.remove or found.swap
    assert all(one.strip() for pair in found.swap for one in pair)


def test_bounds_are_looked_for_at_the_end_of_long_texts_only() -> None:
    bound = Comparison("price", "lt", 5)
    assert parse_first(f"{'word ' * 4000}under 5", lambda: "price").amounts == (bound,)
    assert parse_first(f"shoes under{' ' * 200}5", lambda: "price").amounts == ()
    assert len(parse_first("under 5 " * 2000, lambda: "price").amounts) <= 4
