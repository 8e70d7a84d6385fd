"""Values of strangers' tables and JSON as typed metadata."""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal

from binocle.fields import FieldType
from binocle.types import MetadataValue, Scalar

_INTEGER = re.compile(r"^[+-]?(0|[1-9]\d{0,17})$")
_FLOAT = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
_CODE = re.compile(r"^[+-]?(0\d.*|\d{19,})$")
_BOOLEANS = {"true": True, "false": False, "yes": True, "no": False}
_MISSING = {"", "null", "none", "nan", "n/a", "na", "-"}


def metadata_of(document: Mapping[str, object], prefix: str = "") -> dict[str, MetadataValue]:
    """Return the typed values of a JSON object or a table's row; nested fields get dotted names."""
    found: dict[str, MetadataValue] = {}
    for key, value in document.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found.update(metadata_of(value, f"{name}."))
        elif isinstance(value, list | tuple):
            scalars = [one for item in value if (one := scalar_of(item)) is not None]
            if scalars:
                found[name] = scalars
        elif (one := scalar_of(value)) is not None:
            found[name] = one
    return found


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
    return None


def column_parser(
    texts: Sequence[str], declared: FieldType | None = None
) -> Callable[[str], Scalar | None]:
    """Infer a text column's type from all its values.

    A column is of whole numbers, numbers or truth values when every value that is not missing
    is; otherwise it is of strings. Codes with a leading zero or 19 digits are strings, and so
    are dates in ISO 8601, which sort in time. A declared column is of strings as they are
    written; the catalogue converts them.
    """
    if declared is not None:
        return _as_written
    present = [text.strip() for text in texts if text.strip().lower() not in _MISSING]
    if present and all(_INTEGER.match(text) for text in present):
        return _parser(int)
    if present and all(_FLOAT.match(text) and not _CODE.match(text) for text in present):
        return _parser(float)
    if present and all(text.lower() in _BOOLEANS for text in present):
        return _parser(lambda text: _BOOLEANS[text.lower()])
    return _as_written


def _as_written(text: str) -> str | None:
    return text.replace("\x00", "").strip() or None


def _parser(convert: Callable[[str], Scalar]) -> Callable[[str], Scalar | None]:
    def parse(text: str) -> Scalar | None:
        stripped = text.strip()
        return None if stripped.lower() in _MISSING else convert(stripped)

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
