"""What a Chinese text says of a price: 1000元以下的耳机, 价格在五百到一千之间, 最便宜的手表.

Written without spaces, a bound is followed by 的, by a mark or by what is looked for. An amount
without a currency or a word for prices is one of 50 and more, no range of years, and not part of a
name in other letters (RTX 3060以上); no unit stands between it and 以下, as in 500克以下.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from binocle.metadata.filters import Operator

_LARGE, _YEARS = 50, range(1900, 2101)
_LONGEST = 200  # characters: who says a price says little else
_MOST_BOUNDS = 4
_ABOUT_SHARE = 0.2
_CURRENCY = "(?:块钱?|塊錢?|元|人民币|美元|美金|欧元|日元|港币|卢比|rmb|[¥￥$€£₹])"
_DIGITS = (
    r"(?:\d{1,3}(?:,\d{3})+|\d{1,9})(?:\.\d+)?[百千万]?|[一二两三四五六七八九十百千万]*[百千万十]"
)
_ABOUT = "(?:(?:价格|價格|价位|价钱|售价|预算|預算)(?:在|为|是|要)?)"


def _amount(name: str) -> str:
    return rf"[¥￥$€£₹]?\s*(?P<{name}>{_DIGITS})\s*{_CURRENCY}?"


_LEAD = rf"(?:^|(?<=[^\d.,]))(?:{_ABOUT})?"
_BOUNDS: tuple[tuple[str, tuple[Operator, ...]], ...] = (
    (rf"{_LEAD}{_amount('a')}(?:到|至|-|~|～|—)\s*{_amount('b')}(?:之间|以内)?的?", ("gte", "lte")),
    (rf"{_LEAD}(?:不超过|不高于|不大于|不多于|最多|至多){_amount('a')}(?:以内|以下)?的?", ("lte",)),
    (rf"{_LEAD}(?:不低于|不少于|不小于|至少|最少){_amount('a')}(?:以上)?的?", ("gte",)),
    (rf"{_LEAD}(?:低于|少于|小于|便宜于){_amount('a')}(?:以下)?的?", ("lt",)),
    (rf"{_LEAD}(?:高于|超过|大于|多于){_amount('a')}(?:以上)?的?", ("gt",)),
    (rf"{_LEAD}{_amount('a')}[及或]?(?:以下|以内|以內|之内|之下)的?", ("lte",)),
    (rf"{_LEAD}{_amount('a')}[及或]?(?:以上|之上|起)的?", ("gte",)),
    (rf"{_LEAD}(?:大约|大概|差不多)?{_amount('a')}(?:左右|上下)的?", ("gte", "lte")),
    (rf"(?:预算|預算)(?:在|为|是)?{_amount('a')}的?", ("lte",)),
)
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), said) for pattern, said in _BOUNDS)
_MONEY = re.compile(f"{_CURRENCY}|{_ABOUT}", re.IGNORECASE)
_NAME_BEFORE = re.compile(r"[A-Za-z0-9][\s-]*$")
_UNIT_BEHIND = re.compile(
    r"^(?:岁|年|月|日|页|克|米|寸|英寸|码|号|个|件|只|人|天|度|分|秒|毫|公|%)"
)
_BY = "(?:请?按|以)?(?:照)?(?:价格|價格|价钱|售价)"
_ORDERS = (
    (re.compile(rf"{_BY}?(?:从高到低|由高到低|从贵到便宜|降序)(?:排序|排列|排)?的?"), True),
    (re.compile(rf"{_BY}?(?:从低到高|由低到高|从便宜到贵|升序)(?:排序|排列|排)?的?"), False),
    (re.compile("(?:最贵|最貴|(?:价格|價格|售价)最高)的?"), True),
    (re.compile("(?:最便宜|最实惠|(?:价格|價格|售价)最低)的?"), False),
)
_RIM = " \t，,。；;、！!？?"
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
_FIGURES = {figure: value for value, figure in enumerate("零一二三四五六七八九")} | {"两": 2}


@dataclass(frozen=True, slots=True)
class ChinesePrices:
    """What a text says of prices, and the text without it.

    Attributes:
        rest: What is looked for.
        bounds: Each an operator and an amount.
        is_down: Whether the dearest come first; None where nothing is said of the order.
    """

    rest: str
    bounds: tuple[tuple[Operator, float], ...] = ()
    is_down: bool | None = None


def chinese_prices(text: str, has_phrase: Callable[[str], bool] = lambda _: False) -> ChinesePrices:
    """Read what a Chinese text says of prices; its rest is the text where that is nothing.

    Args:
        text: Such as ``1000元以下的耳机``.
        has_phrase: Tells whether the collection has some words in one piece: these are no price
            unless they name a currency.
    """
    if len(text) > _LONGEST or re.search('["“”]', text):
        return ChinesePrices(text)
    rest, is_down = text, None
    for pattern, order in _ORDERS:
        if match := pattern.search(rest):
            rest, is_down = _without(rest, match), order
            break
    bounds: list[tuple[Operator, float]] = []
    while len(bounds) < _MOST_BOUNDS and (found := _bound(rest, has_phrase)) is not None:
        match, said = found
        bounds += said
        rest = _without(rest, match)
    if not bounds and is_down is None:
        return ChinesePrices(text)
    return ChinesePrices(rest.strip(_RIM), tuple(bounds), is_down)


def _bound(
    text: str, has_phrase: Callable[[str], bool]
) -> tuple[re.Match[str], list[tuple[Operator, float]]] | None:
    for pattern, operators in _PATTERNS:
        for match in pattern.finditer(text):
            amounts = [_number(one) for one in match.groupdict().values() if one is not None]
            if _is_price(text, match, amounts, has_phrase):
                amounts = about(amounts[0]) if len(amounts) < len(operators) else sorted(amounts)
                return match, list(zip(operators, amounts, strict=True))
    return None


def about(amount: float) -> list[float]:
    """Return the least and the most that are about an amount: a fifth less and more."""
    around = (round(amount * (1 - _ABOUT_SHARE), 2), round(amount * (1 + _ABOUT_SHARE), 2))
    return [int(one) if float(one).is_integer() else one for one in around]


def _is_price(
    text: str, match: re.Match[str], amounts: list[float], has_phrase: Callable[[str], bool]
) -> bool:
    if _MONEY.search(match[0]):
        return True
    if min(amounts) < _LARGE or (len(amounts) > 1 and all(one in _YEARS for one in amounts)):
        return False
    if _NAME_BEFORE.search(text[: match.start()]) or _UNIT_BEHIND.match(text[match.end() :]):
        return False
    return not has_phrase(match[0])


def _without(text: str, match: re.Match[str]) -> str:
    before, behind = text[: match.start()].rstrip(_RIM), text[match.end() :].lstrip(_RIM)
    return f"{before} {behind}".strip() if before and behind else before.removesuffix("的") + behind


def _number(said: str) -> float:
    """Return what an amount says in figures of either kind: 1,500, 2千, 一千五百."""
    unit = _UNITS.get(said[-1], 1)
    digits = said.rstrip("百千万").replace(",", "")
    if digits[:1].isdecimal():  # full width, too
        value = float(digits) * unit
        return int(value) if value.is_integer() else value
    whole, part, figure = 0, 0, 0
    for one in said:
        if one in _FIGURES:
            figure = _FIGURES[one]
        elif one == "万":
            whole, part, figure = (whole + part + figure) * _UNITS[one], 0, 0
        else:
            part, figure = part + (figure or 1) * _UNITS[one], 0
    return whole + part + figure
