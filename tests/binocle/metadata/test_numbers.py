"""Numbers as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binocle.metadata.numbers import is_plain, parse_number

CURRENCIES = (
    "$",
    "€",
    "£",
    "¥",
    "₹",
    "₩",
    "US$",
    "R$",
    "EUR",
    "INR",
    "Rs.",
    "kr",
    "zł",
    "円",
    "￥",
)


def by_thousands(digits: str, mark: str) -> str:
    parts: list[str] = []
    while len(digits) > 3:
        digits, last = digits[:-3], digits[-3:]
        parts.insert(0, last)
    return mark.join([digits, *parts])


def by_lakhs(digits: str) -> str:
    rest, last = digits[:-3], digits[-3:]
    pairs: list[str] = []
    while rest:
        rest, pair = rest[:-2], rest[-2:]
        pairs.insert(0, pair)
    return ",".join([*pairs, last])


@given(
    st.integers(0, 10**9),
    st.integers(0, 99),
    st.sampled_from(["", "-"]),
    st.sampled_from(CURRENCIES),
    st.sampled_from(["{c}{n}", "{c} {n}", "{n}{c}", "{n} {c}", "{n}\u00a0{c}"]),
    st.sampled_from(["1,234.50", "1.234,50", "1 234,50", "1'234.50", "12,34,567.50", "1234.50"]),
)
def test_prices_are_read_in_every_usual_form(
    units: int, cents: int, sign: str, currency: str, order: str, form: str
) -> None:
    digits = str(units)
    whole, point = {
        "1,234.50": (by_thousands(digits, ","), "."),
        "1.234,50": (by_thousands(digits, "."), ","),
        "1 234,50": (by_thousands(digits, "\u202f"), ","),
        "1'234.50": (by_thousands(digits, "'"), "."),
        "12,34,567.50": (by_lakhs(digits), "."),
        "1234.50": (digits, "."),
    }[form]
    text = sign + order.format(c=currency, n=f"{whole}{point}{cents:02}")
    assert parse_number(text) == pytest.approx(float(f"{sign}{units}.{cents:02}"))
    assert not is_plain(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12%", 12),
        ("-12.5 %", -12.5),
        ("12,5\u00a0%", 12.5),
        ("%10", 10),
        ("\uff11\uff10\uff05", 10),
    ],
)
def test_per_cent_are_numbers(text: str, number: float) -> None:
    assert parse_number(text) == number


@given(st.integers(-(2**63), 2**63 - 1))
def test_whole_numbers_are_exact(number: int) -> None:
    assert parse_number(str(number)) == number
    assert parse_number(f"{number:,}") == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_programs_write_is_read(number: float) -> None:
    assert parse_number(repr(number)) == number
    assert is_plain(repr(number))


@pytest.mark.parametrize(
    "text",
    ["", "Get", "nan", "inf", "1e999", "€1.299", "1.299 kr", "10 - 20", "12%%", "1.2.3", "01,299",
     "1,29,99", "$", "$ -", "5 stars", "M", "2021-03-05", "10:30", "½", "0x10", "1_000", "$€5",
     pytest.param("1" * 5000, id="5000 digits")],
)  # fmt: skip
def test_what_is_no_number_or_may_be_two_is_none(text: str) -> None:
    assert parse_number(text) is None


@given(st.text(alphabet="0123456789.,' -+$€eE", max_size=12))
def test_any_text_is_a_finite_number_or_none(text: str) -> None:
    number = parse_number(text)
    assert number is None or abs(number) < float("inf")
