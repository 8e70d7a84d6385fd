"""What plain words say of a price: bounds, and the order of the cheapest and the dearest.

"Under" and "over" are of a price unless persons, ages or sizes stand before. "Up to", "at least"
and ranges such as "500-1000" are said of anything, so they need a currency, "k", three digits, or
another bound beside them, and must not be what the collection says of its things ("upto 1600 dpi",
a lens "100-400").
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from binocle.metadata.filters import Comparison, Operator
from search.query.bounds.chinese_prices import about, chinese_prices
from search.query.negation.chinese import HAS_CHINESE
from search.query.query import Sort
from search.query.stored_words import NOTHING_STORED, StoredWords

FindPrice = Callable[[], str | None]

_SIGN = r"(?:[$€£¥₹]|rs\.?|inr|usd|eur|gbp)"
_UNIT = r"(?:k|thousand|lakhs?|lacs?)\b"
_AFTER = r"(?:/-|[$€£¥₹]|(?:dollars?|euros?|pounds?|rupees?|rs|bucks|usd|eur|gbp|inr)\b\.?)"
_NUMBER = (
    rf"(?:{_SIGN}\s*)?(?:\d{{1,3}}(?:,\d{{2,3}})+(?:\.\d+)?|\d{{1,12}}(?:\.\d+)?)(?![\d,.]*\d)"
    rf"(?:\s*{_UNIT})?\s*(?:{_AFTER}(?:\s*only\b)?)?"
)
_NOT = r"(?:no|not)\s+"
_BOUND = (
    rf"(?:(?P<lte>{_NOT}(?:more than|over|above|exceeding)|at most|up ?to|max(?:imum)?(?: of)?"
    r"|within"
    r"|(?:(?:with|in|on|my|a) )*budget(?: of| is)?|<=|≤)"
    rf"|(?P<gte>{_NOT}(?:less than|under|below)|at least|min(?:imum)?(?: of)?"
    r"|(?:starting|starts) (?:from|at)|>=|≥)"
    r"|(?P<lt>under|below|(?:less|cheaper|lower) than|<)"
    r"|(?P<gt>over|above|beyond|(?:more|higher|greater|costlier) than|>)"
    r"|(?P<near>around|about|roughly|approx(?:imately|\.)?|circa|~)"
    rf"|(?:(?P<between>between|from|(?:in the )?(?:price )?range(?: of)?|within)\s+)?"
    rf"(?P<first>{_NUMBER})\s*(?:and|to|-|–|—))\s*(?P<number>{_NUMBER})(?:\s*range\b)?"
    rf"|(?P<open>{_NUMBER})(?:\s*\+|\s*(?:and|or) "
    r"(?P<way>above|over|more|up|upwards|below|under|less))"
)
# What a text may end with: a bound, and how it is led to and followed.
_AT_END = (
    r"(?:^|(?<=[\s,]))(?:(?:(?:that |which )?(?:costs?|costing|priced(?: at)?|with a price(?: of)?)"
    rf"|price|for|at|in)\s+)*(?:{_BOUND})(?:[\s,]+please)?[.!?]*$"
)
# The same before a preposition: "shoes under 500 for women".
_INSIDE = rf"(?<=\s)(?:{_BOUND})(?=\s+(?:for|with|in|by|from)\s)"
_DIGIT = re.compile(r"\d")  # without one nothing is a bound
_LONGEST_BOUND = 100  # characters; beyond, a text is searched for none
_MOST_BOUNDS = 4
_LARGE = 100  # what is less may be a count, a size or an age as well
_YEARS = range(1900, 2101)
_CURRENCY = re.compile(
    r"[$€£¥₹]|\d\s*(?:k|thousand|lakhs?|lacs?)\b|/-"
    r"|(?:\b|(?<=\d))(?:rs|dollars?|euros?|pounds?|rupees?|bucks|usd|eur|gbp|inr)(?:\b|(?=\d))"
    r"|\b(?:price|costs?|costing|priced|budget)\b",
    re.IGNORECASE,
)
# What an amount behind it is about, if not a price: of persons only what may be an age.
_PERSONS = re.compile(
    r"\b(?:kids?|child|children|boys?|girls?|babies|baby|toddlers?|teens?|adults?|men|women|man"
    r"|woman|people|persons?|those|anyone|years?|old)$",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\b(?:aged?|ages|sizes?|with|inch(?:es)?|pages?|packs?(?: of)?|sets?(?: of)?|years?|since"
    r"|iso|spf|ratings?|rated|stars?|reviews?|rooms?|chapters?|episodes?|levels?|numbers?|speed|weight"
    r"|temperature|resolution|capacity|power|call|dial|tel|fax)\.?$",
    re.IGNORECASE,
)
_NAMES = re.compile(r"\b(?:max|min)$", re.IGNORECASE)  # of models: "air max 270"
_ANYTHING = re.compile(
    r"(?:(?:show|find|me|i|want|need|anything|something|everything|all|products?|items?|things?"
    r"|stuff|ones|options)\s*)+",
    re.IGNORECASE,
)
_BY_PRICE = r"(?:sort(?:ed)?|order(?:ed)?|arranged?|rank(?:ed)?)?\s*by (?:the )?price"
_UP = r"(?:ascending|asc|low(?:est)?(?: price)? to high(?:est)?(?: price)?|low(?:est)? first)"
_DOWN = r"(?:descending|desc|high(?:est)?(?: price)? to low(?:est)?(?: price)?|high(?:est)? first)"
_LEAST = r"(?:cheapest|least expensive|lowest[ -]priced?|most affordable|least costly)"
_MOST = r"(?:most expensive|highest[ -]priced?|priciest|costliest|most costly)"
_ONES = r"(?:\s+(?:ones?\s+)?first|\s+ones?)?"
_ORDERS = (
    (re.compile(rf"(?:the )?{_LEAST}{_ONES}", re.IGNORECASE), False),
    (re.compile(rf"(?:the )?(?:{_MOST}{_ONES}|dearest(?:\s+ones?)?\s+first)", re.IGNORECASE), True),
    (re.compile(rf"(?:{_BY_PRICE}[,\s]*{_DOWN}|(?:price )?{_DOWN})", re.IGNORECASE), True),
    (re.compile(rf"(?:{_BY_PRICE}(?:[,\s]*{_UP})?|(?:price )?{_UP})", re.IGNORECASE), False),
)
_ORDER_AT_END = tuple(
    (re.compile(rf"(?P<what>.*?\S)[\s,]+{one.pattern}(?:[\s,]+please)?[.!?]*", re.IGNORECASE), down)
    for one, down in _ORDERS
)
_ORDER_AT_BEGIN = tuple(
    (
        re.compile(
            rf"(?:(?:show(?: me)?|find(?: me)?|i want|give me)\s+)?(?:the\s+)?{words}"
            r"(?:\s+first)?[\s,:]+(?P<what>\S.*)",
            re.IGNORECASE,
        ),
        down,
    )
    for words, down in ((_LEAST, False), (_MOST, True))
)


@dataclass(frozen=True, slots=True)
class PriceWish:
    """What a text says of the price.

    Attributes:
        rest: The text without it.
        amounts: What the price has to be; all of them.
        sort: By what to order.
    """

    rest: str
    amounts: tuple[Comparison, ...] = ()
    sort: tuple[Sort, ...] = ()


def price_wish(text: str, find_price: FindPrice, stored: StoredWords = NOTHING_STORED) -> PriceWish:
    """Read what a text says of the price besides what it looks for.

    Args:
        text: Such as ``the cheapest headphones under 1000``.
        find_price: Names the field of prices; None for none. Asked only where a price is said.
        stored: What the collection says itself in just these words is no price.
    """
    if said := _chinese_wish(text, find_price, stored):
        return said
    rest, is_down = _without_order(text)
    rest, found = _without_bounds(rest, stored)
    if (is_down is None and not found) or (price := find_price()) is None:
        return PriceWish(text)
    rest = "" if _ANYTHING.fullmatch(rest) else rest
    amounts = tuple(bound for one in reversed(found) for bound in _bounds(one, price))
    return PriceWish(rest, amounts, () if is_down is None else (Sort(price, is_down),))


def only_price(text: str, find_price: FindPrice) -> PriceWish | None:
    """Read a text that says nothing but a bound or an order; None for one that says more."""
    said = _chinese_wish(text, find_price, NOTHING_STORED)
    if said is not None and not said.rest:
        return said
    amount = _compiled(_BOUND).fullmatch(text) if _DIGIT.search(text) else None
    is_down = next((down for one, down in _ORDERS if one.fullmatch(text)), None)
    is_down = True if re.fullmatch(r"(?i)(?:the )?dearest(?: ones?)?", text) else is_down
    if amount is not None and _may_be_else(amount):
        amount = None
    if amount is None and is_down is None:
        return None
    if (price := find_price()) is None:
        return PriceWish(text)
    if amount is not None:
        return PriceWish("", _bounds(amount, price))
    return PriceWish("", sort=(Sort(price, bool(is_down)),))


def _chinese_wish(text: str, find_price: FindPrice, stored: StoredWords) -> PriceWish | None:
    said = chinese_prices(text, stored.has_phrase) if HAS_CHINESE.search(text) else None
    if said is None or said.rest == text or (price := find_price()) is None:
        return None
    sort = () if said.is_down is None else (Sort(price, said.is_down),)
    return PriceWish(said.rest, tuple(Comparison(price, *one) for one in said.bounds), sort)


def _without_order(text: str) -> tuple[str, bool | None]:
    """Return a text without what it says of the order, and whether the dearest come first."""
    stripped = text.strip()
    if len(stripped) > 10 * _LONGEST_BOUND or '"' in stripped:
        return text, None
    for one, is_down in _ORDERS:
        if one.fullmatch(stripped):  # first: "sorted by price" looks for nothing called "sorted"
            return "", is_down
    for pattern, is_down in (*_ORDER_AT_BEGIN, *_ORDER_AT_END):
        if match := pattern.fullmatch(stripped):
            return match["what"].rstrip(" ,"), is_down
    return text, None


def _without_bounds(text: str, stored: StoredWords) -> tuple[str, list[re.Match[str]]]:
    """Return a text without the bounds it says, and these, the last one first."""
    if not _DIGIT.search(text):
        return text, []
    rest, found = text.strip(), list[re.Match[str]]()
    while len(found) < _MOST_BOUNDS and (match := _last_bound(rest)) is not None:
        found.append(match)
        head = rest[: match.start()].rstrip(" ,")
        rest = re.sub(r"(?:^|[\s,]+)(?:and|but)$", "", head)
    tail = ""
    if (
        not found
        and len(rest) <= 10 * _LONGEST_BOUND
        and (match := _compiled(_INSIDE).search(rest))
    ):
        found.append(match)
        rest, tail = rest[: match.start()].rstrip(" ,"), f" {rest[match.end() :].strip()}"
    if not found or rest.count('"') % 2 or tail.count('"') % 2:
        return text, []
    return (rest + tail, found) if _is_price(rest, found, stored) else (text, [])


def _last_bound(text: str) -> re.Match[str] | None:
    """Return the bound that a text ends with, as much of it as there is."""
    first = max(0, len(text) - _LONGEST_BOUND)
    at_end = _compiled(_AT_END)
    matches = (at_end.match(text, at) for at in range(first, len(text)))
    return next((match for match in matches if match is not None), None)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile what most texts do without: it takes some ten milliseconds."""
    return re.compile(pattern, re.IGNORECASE)


def _is_price(before: str, found: list[re.Match[str]], stored: StoredWords) -> bool:
    """Tell whether bounds behind some words are of a price where they may be of anything else."""
    if any(_CURRENCY.search(one[0]) for one in found):
        return True
    numbers = [
        _number(one[name]) for one in found for name in ("first", "number", "open") if one[name]
    ]
    is_large = min(numbers) >= _LARGE
    if _is_counted(before) or (_PERSONS.search(before) and not is_large):
        return False
    if any(map(_may_be_else, found)):
        return False
    if not all(map(_is_loose, found)):
        return True
    if any(_NAMES.search(one["lte"] or one["gte"] or "") for one in found):
        return False
    return (is_large or len(found) > 1) and not any(stored.has_phrase(one[0]) for one in found)


def _is_counted(before: str) -> bool:
    """Tell whether words end with what an amount behind them is of: not with "43 inch"."""
    counted = _COUNTED.search(before)
    return counted is not None and not before[: counted.start()].rstrip()[-1:].isdigit()


def _may_be_else(bound: re.Match[str]) -> bool:
    """Tell whether numbers are years, or no range of round numbers, as in "555-1234"."""
    if _CURRENCY.search(bound[0]):
        return False
    if bound["near"] is not None:
        return _number(bound["number"]) in _YEARS
    if bound["first"] is None:
        return False
    first, last = _number(bound["first"]), _number(bound["number"])
    if first in _YEARS and last in _YEARS:
        return True
    is_round = all(one % 5 == 0 or one % 10 == 9 or one % 1 for one in (first, last))
    return bound["between"] is None and not (first < last and is_round)


def _is_loose(bound: re.Match[str]) -> bool:
    """Tell whether a bound may be of anything: "up to", "at least", "500-1000", "500+"."""
    if bound["first"] is not None:
        return bound["between"] is None
    if bound["near"] is not None:
        return True
    word = (bound["lte"] or bound["gte"] or "").lower()
    return bound["open"] is not None or bool(
        word and not word.startswith(("no", "<", ">", "≤", "≥"))
    )


def _bounds(amount: re.Match[str], price: str) -> tuple[Comparison, ...]:
    if amount["open"] is not None:
        is_most = (amount["way"] or "").lower() in ("below", "under", "less")
        return (Comparison(price, "lte" if is_most else "gte", _number(amount["open"])),)
    number = _number(amount["number"])
    if amount["near"] is not None:
        least, most = about(number)
        return Comparison(price, "gte", least), Comparison(price, "lte", most)
    if amount["first"] is not None:
        first = _number(amount["first"])
        unit = re.search(_UNIT, amount["number"], re.IGNORECASE)
        if unit and not re.search(_UNIT, amount["first"], re.IGNORECASE):
            shared = _number(f"{amount['first']} {unit[0]}")  # 5-10k
            first = shared if shared < number else first
        low, high = sorted((first, number))
        return Comparison(price, "gte", low), Comparison(price, "lte", high)
    operators: tuple[Operator, ...] = ("lt", "lte", "gt", "gte")
    operator = next(one for one in operators if amount[one] is not None)
    return (Comparison(price, operator, number),)


def _number(text: str) -> float:
    digits = re.search(r"\d[\d,]*(?:\.\d+)?", text)
    assert digits is not None
    value = float(digits[0].replace(",", ""))
    unit = re.search(_UNIT, text, re.IGNORECASE)
    if unit is not None:
        value *= 1000 if unit[0][0] in "kKtT" else 100_000
    return int(value) if value.is_integer() else round(value, 6)
