"""Numbers as people write them: with currencies, per cent, thousands separators, decimal commas.

What may mean two numbers is none: ``€1.299`` is a price with three decimals or more than a
thousand. Without a currency a single dot is the decimal point, and a comma before exactly three
digits a thousands separator.
"""

import math
import re
import unicodedata

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_CODE_LIKE = re.compile(r"\+.*|[+-]?\d+[eE]\d+")  # a telephone's number, 12E4: no program writes so
_GROUPED = (
    re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?"),  # 1,299,000.50
    re.compile(r"[+-]?[1-9]\d?(,\d{2})+,\d{3}(\.\d+)?"),  # 1,29,999.50, as in India
    re.compile(r"[+-]?[1-9]\d{0,2}(['\u2019]\d{3})+(\.\d+)?"),  # 1'299.50
)
_COMMA = (
    re.compile(r"[+-]?\d+,\d{1,2}"),  # 12,50
    re.compile(r"[+-]?[1-9]\d{0,2}([. ]\d{3})+,\d+"),  # 1.299,50
    re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3}){2,}"),  # 1.299.000
    re.compile(r"[+-]?[1-9]\d{0,2}( \d{3})+"),  # 1 299
)
_TWO_MEANINGS = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")
_THREE_BEHIND_COMMA = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_UNITS = (
    "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "IDR", "ILS",
    "INR", "JPY", "KRW", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "RMB", "RON", "RUB", "SEK",
    "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VND", "ZAR",
    "%", "Rs", "Rs.", "kr", "kr.", "zł", "Kč", "Ft", "lei", "元", "円", "圆", "원", "руб.",
)  # fmt: skip
_SIGN = r"(?:US|AU|CA|NZ|HK|NT|S|A|C|R)?[$£¥¢\u20a0-\u20cf\u0e3f]"  # folding makes them narrow
_UNIT = rf"(?:{_SIGN}|{'|'.join(re.escape(one) for one in sorted(_UNITS, key=len, reverse=True))})"
_MOST_CHARACTERS = 100  # of a whole number; Python refuses to read very long ones
_PRICE = re.compile(rf"([+-]?) ?(?:{_UNIT} ?([+-]?[\d.,'\u2019 ]+)|([\d.,'\u2019 ]+?) ?{_UNIT})")


def parse_number(text: str) -> int | float | None:
    """Return the number a text stands for; None where it stands for none, or for two.

    Whole numbers of 64 bits are kept exactly.
    """
    written, has_unit = _bare(text)
    number = _as_point(written, has_unit=has_unit)
    if number is None or not _PLAIN.fullmatch(number):
        return None
    is_whole = len(number) <= _MOST_CHARACTERS and number.lstrip("+-").isdigit()
    if is_whole and -(2**63) <= int(number) < 2**63:
        return int(number)
    parsed = float(number)
    return parsed if math.isfinite(parsed) else None


def is_plain(text: str) -> bool:
    """Tell whether a text is a number as programs write it, such as ``-1.5e3``."""
    return text.isascii() and _PLAIN.fullmatch(text) is not None


def comes_back(text: str) -> bool:
    """Tell whether a number in a text may stand for it: not for a telephone's, or for ``12E4``."""
    return is_plain(text) and not _CODE_LIKE.fullmatch(text)


def has_decimal_comma(text: str) -> bool:
    """Tell whether a text is a number by its comma, such as ``12,50``, which lists have as well."""
    written, has_unit = _bare(text)
    return not has_unit and any(one.fullmatch(written) for one in _COMMA)


def may_have_decimal_comma(text: str) -> bool:
    """Tell whether a comma in a text may be a decimal one where others are: ``1,299``."""
    return _THREE_BEHIND_COMMA.fullmatch(_bare(text)[0]) is not None


def _bare(text: str) -> tuple[str, bool]:
    """Return a text without its currency, and whether there was one."""
    written = text.strip()
    if not written.isascii():
        written = unicodedata.normalize("NFKC", written).replace("\u2212", "-").strip()
    if written[:1].isdigit() and written[-1:].isdigit():
        return written, False
    price = _PRICE.fullmatch(written)
    if price is None:
        return written, False
    return price[1] + (price[2] or price[3]).strip(), True


def _as_point(written: str, *, has_unit: bool) -> str | None:
    """Return a number with nothing but a decimal point."""
    if has_unit and _TWO_MEANINGS.fullmatch(written):
        return None
    if any(one.fullmatch(written) for one in _GROUPED):
        return re.sub("[,'\u2019]", "", written)
    if any(one.fullmatch(written) for one in _COMMA):
        return written.replace(".", "").replace(" ", "").replace(",", ".")
    return written
