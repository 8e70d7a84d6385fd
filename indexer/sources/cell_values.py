"""Values of strangers' tables and JSON as typed metadata.

A column of numbers or dates may have strays: what somebody typed into one cell of a thousand does
not make it a column of texts. ``Reading`` says what a column is; strays are kept as they are.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeAlias

from binocle.metadata.dates import is_date
from binocle.metadata.field_types import STRAYS, Reading
from binocle.metadata.numbers import (
    comes_back,
    has_decimal_comma,
    is_plain,
    may_have_decimal_comma,
    parse_number,
)
from binocle.types import MetadataValue, Scalar

_INTEGER = re.compile(r"^[+-]?(0|[1-9]\d{0,17})$")
_CODE = re.compile(r"^[+-]?(0\d.*|\d{19,})$")
_BOOLEANS = {"true": True, "false": False, "yes": True, "no": False}
_MISSING = {"", "null", "none", "nan", "n/a", "na", "-"}


def metadata_of(document: Mapping[str, object], prefix: str = "") -> dict[str, MetadataValue]:
    """Return the typed values of a JSON object or a table's row.

    Nested fields get dotted names. Of a list of objects, such as a product's variants, each field
    has a list of what all of them say. Numbers in lists of lists, such as outlines, are left out.
    """
    found: dict[str, MetadataValue] = {}
    for key, value in document.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found.update(metadata_of(value, f"{name}."))
        elif isinstance(value, list | tuple):
            for path, item in _listed(value, name):
                several = found.setdefault(path, [])
                if isinstance(several, list):
                    several.append(item)
        elif (one := scalar_of(value)) is not None:
            found[name] = one
    return found


def _listed(items: Iterable[object], name: str, depth: int = 0) -> Iterator[tuple[str, Scalar]]:
    """Yield the scalars of a list, with the dotted names of those that stand in objects."""
    for item in items:
        if isinstance(item, Mapping):
            for key, value in item.items():
                is_list = isinstance(value, list | tuple)
                within = value if is_list else [value]
                yield from _listed(within, f"{name}.{key}", depth + is_list)
        elif isinstance(item, list | tuple):
            yield from _listed(item, name, depth + 1)
        elif (one := scalar_of(item)) is not None and (depth == 0 or isinstance(one, str)):
            yield name, one


def merged(values: Sequence[MetadataValue]) -> MetadataValue:
    """Return what several rows say of one thing: a value, or a list of the different ones."""
    if all(one == values[0] for one in values):
        return values[0]
    every = (one for value in values for one in (value if isinstance(value, list) else [value]))
    return list({(type(one), one): one for one in every}.values())


def scalar_of(value: object) -> Scalar | None:
    """Return a value as a metadata scalar; None for what is missing or cannot be one."""
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, str):
        return value.replace("\x00", "") or None
    if isinstance(value, float | Decimal):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return None


Parse: TypeAlias = Callable[[str], Scalar | None]


def read_column(
    texts: Sequence[str], *, tolerant: bool = True, decimal_commas: bool = False
) -> tuple[Parse, Reading | None]:
    """Infer a text column's type from all its values.

    A column is of truth values when every value that is not missing is, and it says both yes and
    no: ``NO`` alone may be Norway. It is of whole numbers or numbers when nearly every one is; what
    is not stays as it is written, and so does what only people write in this way, such as
    ``$1,299``. Otherwise it is of strings. Codes with a leading zero or 19 digits are strings, and
    so are dates in ISO 8601, which sort in time.

    Args:
        texts: The cells.
        tolerant: Whether strays and numbers as people write them are allowed. Where they are not,
            as in columns of ids and names, numbers are only what comes back as it is written.
        decimal_commas: Whether ``12,50`` is a number, and not a list.

    Returns:
        What makes a value of a cell, and what the column is; None for truth values and no values.
    """
    present = [text.strip() for text in texts if not _is_missing(text)]
    if not present:
        return as_written, None
    if tolerant and _are_truths({text.strip().lower() for text in texts}):
        return _parser(lambda text: _BOOLEANS[text.lower()]), None
    plain = [text for text in present if comes_back(text) and not _CODE.match(text)]
    convert = int if all(_INTEGER.match(text) for text in plain) else float
    reading = Reading("number", len(plain), 0, 0)
    if not tolerant and (
        len(plain) < len(present) or any(str(convert(one)) != one for one in plain)
    ):
        return as_written, Reading(None, 0, 0, len(present))
    if len(plain) < len(present):
        reading = _reading_of(present, decimal_commas=decimal_commas)
    if reading.type != "number":
        return as_written, reading
    return _parser(lambda text: _plainly(text, convert)), reading


def _are_truths(words: set[str]) -> bool:
    """Tell whether the different words of a column say what is so and what is not."""
    said = words - _MISSING
    both = said in ({"yes", "no"}, {"true", "false"})
    return both or (said <= {"true", "false"} and words <= said | {""})


def read_values(values: Iterable[object]) -> Reading | None:
    """Tell what the typed values of a column are; strings that look plain are meant as strings.

    Returns:
        None for truth values, lists and nothing.
    """
    texts: list[str] = []
    numbers = 0
    for value in values:
        if isinstance(value, bool | list | tuple | Mapping):
            return None
        if isinstance(value, str):
            texts.extend([] if _is_missing(value) else [value.strip()])
        else:
            numbers += scalar_of(value) is not None
    if not texts:
        return Reading("number", numbers, 0, 0) if numbers else None
    if not numbers and all(is_plain(text) for text in texts):
        return Reading(None, 0, 0, len(texts))
    return _reading_of(texts, numbers)


def _reading_of(texts: Sequence[str], numbers: int = 0, *, decimal_commas: bool = False) -> Reading:
    """Tell what strings are, beside some numbers."""
    limit = STRAYS * (len(texts) + numbers)
    fits = [parse_number(text) is not None for text in texts]
    if fits.count(False) <= limit and not _are_ambiguous(texts, decimal_commas=decimal_commas):
        written = sum(
            fit and (numbers > 0 or not comes_back(text))
            for text, fit in zip(texts, fits, strict=True)
        )
        return Reading("number", numbers + sum(fits), written, *_strays(texts, fits))
    if decimal_commas and fits.count(False) <= limit and not any(map(_CODE.match, texts)):
        doubtful = next(filter(may_have_decimal_comma, texts), "")
        return Reading(None, 0, 0, len(texts) + numbers, doubtful)
    fits = [is_date(text) for text in texts]
    if not numbers and fits.count(False) <= limit:
        return Reading("date", sum(fits), 0, *_strays(texts, fits))
    return Reading(None, 0, 0, len(texts) + numbers)


def _are_ambiguous(texts: Sequence[str], *, decimal_commas: bool) -> bool:
    """Tell whether any of some strings may be a code, a list of two, or two numbers."""
    if any(_CODE.match(text) for text in texts):
        return True
    if not any(has_decimal_comma(text) for text in texts):
        return False
    return not decimal_commas or any(may_have_decimal_comma(text) for text in texts)


def _strays(texts: Sequence[str], fits: Sequence[bool]) -> tuple[int, str]:
    strays = [text for text, fit in zip(texts, fits, strict=True) if not fit]
    return len(strays), strays[0] if strays else ""


def _plainly(text: str, convert: Callable[[str], float]) -> Scalar | None:
    """Return a number where programs write it so; anything else as it is written."""
    if comes_back(text) and not _CODE.match(text):
        number = convert(text)
        if math.isfinite(number):
            return number
    return as_written(text)


def _is_missing(text: str) -> bool:
    return text.strip().lower() in _MISSING


def as_written(text: str) -> str | None:
    """Return a cell as it is written; None for an empty one."""
    return text.replace("\x00", "").strip() or None


def _parser(convert: Parse) -> Parse:
    def parse(text: str) -> Scalar | None:
        return None if _is_missing(text) else convert(text.strip())

    return parse


def texts_in(value: object) -> Iterator[str]:
    """Yield the texts of a cell: a string, or a list of strings."""
    if isinstance(value, str):
        text = value.replace("\x00", "").strip()
        if text:
            yield text
    elif isinstance(value, Mapping) and "path" in value:
        yield from texts_in(value["path"])
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts_in(one)
    elif isinstance(value, int | float | date) and not isinstance(value, bool):
        yield str(value)
