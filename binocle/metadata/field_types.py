"""Types of metadata fields: what they are, and how values become them.

Metadata is given back as it came. Filters, facets and sort orders look at it as its *schema*
says: ``typed`` converts the declared fields, the others are what their values are. Points on the
globe are apart from values, see ``points``.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias, cast, get_args

from binocle.errors import UsageError
from binocle.metadata.dates import is_date
from binocle.metadata.numbers import parse_number
from binocle.metadata.record_limits import problem_of_metadata
from binocle.types import Metadata, MetadataValue, Scalar

FieldType: TypeAlias = Literal[
    "number", "boolean", "date", "keyword", "anycase", "text", "keywords", "geo"
]
Schema: TypeAlias = Mapping[str, FieldType]
FIELD_TYPES: tuple[FieldType, ...] = get_args(FieldType)
NO_SCHEMA: Schema = {}
OWN_FIELDS = ("id", "uri")
LONG_TEXT = 60

# What has been seen in a field, kept as bits; see ``seen_in`` and ``inferred_type``.
NUMBER, BOOLEAN, DATE, STRING, LONG, LIST, POINT = (1 << bit for bit in range(7))
# A table's column is of numbers or of dates but for a few strays; see ``Reading``.
MOSTLY_NUMBERS, MOSTLY_DATES = 1 << 7, 1 << 8
STRAYS = 0.02  # the share of values up to which they count as strays

_BOOLEANS = {
    "true": True, "yes": True, "y": True, "1": True,
    "false": False, "no": False, "n": False, "0": False,
}  # fmt: skip
_SLASHED = re.compile(r"(\d{4})[/:.](\d{1,2})[/:.](\d{1,2})(?:[T ](.+))?")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[T ](.+))?")


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """What is known of a metadata field.

    Attributes:
        name: Its name.
        type: What it was declared as, or what its values are.
        declared: Whether it was declared.
        records: How many records have it.
        examples: A few of its values.
    """

    name: str
    type: FieldType
    declared: bool
    records: int
    examples: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the values of a table's column are.

    Attributes:
        type: ``number`` or ``date`` where at most ``STRAYS`` of them are something else, else None.
        fitting: How many are of the type; none where it is None.
        written: How many of these are strings, such as ``$1,299``.
        strays: How many are not.
        example: One of those; where the type is None, a number of two meanings for which it is.
    """

    type: Literal["number", "date"] | None
    fitting: int
    written: int
    strays: int
    example: str = ""

    @property
    def needs_conversion(self) -> bool:
        """Whether the type shows only when strings are converted."""
        return self.type is not None and (self.strays > 0 or self.written > 0)


def check_schema(declared: Mapping[str, str]) -> dict[str, FieldType]:
    """Return a schema of unchecked types.

    Raises:
        UsageError: A type is unknown, or a field has no name or is the record's own.
    """
    for name, kind in declared.items():
        if kind not in FIELD_TYPES:
            raise UsageError(
                f"the field {name!r} cannot have the type {kind!r}; types are "
                f"{', '.join(FIELD_TYPES)}"
            )
        if not name or name in OWN_FIELDS:
            raise UsageError(f"{name!r} is no metadata field, so it has no type to declare")
    return {name: cast(FieldType, kind) for name, kind in declared.items()}


def metadata_json(metadata: Metadata) -> str:
    """Return metadata as JSON, which gives back what came.

    Raises:
        UsageError: A number is not finite, or has more than 64 bits; or there is more of it than
            ``record_limits`` allow, or half a character.
    """
    problem = problem_of_metadata(metadata)
    if problem is not None:
        raise UsageError(problem.message)
    for name, value in metadata.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, float) and not math.isfinite(one):
                raise UsageError(f"the metadata field {name!r} is {one}, which JSON cannot hold")
            if isinstance(one, int) and not -(2**63) <= one < 2**63:
                raise UsageError(
                    f"the metadata field {name!r} has more than 64 bits; make it a string"
                )
    return json.dumps(dict(metadata), ensure_ascii=False)


def typed(metadata: Metadata, schema: Schema) -> Metadata:
    """Return metadata with its declared fields converted; what cannot be converted is left out."""
    if schema.keys().isdisjoint(metadata):
        return metadata
    found: dict[str, MetadataValue] = {}
    for name, value in metadata.items():
        kind = schema.get(name)
        converted = value if kind is None or kind == "geo" else converted_to(kind, value)
        if converted is not None:
            found[name] = converted
    return found


def converted_to(kind: FieldType, value: MetadataValue) -> MetadataValue | None:
    """Return a value as a type; None where it cannot be one. Lists go element by element."""
    if isinstance(value, list):
        every = [one for item in value if (one := _converted(kind, item)) is not None]
        return every or None
    if kind == "keywords":
        words = _split(value) if isinstance(value, str) else [_as_text(value)]
        return list(words) or None
    return _converted(kind, value)


def _converted(kind: FieldType, value: Scalar) -> Scalar | None:
    match kind:
        case "number":
            return as_number(value)
        case "boolean":
            return _BOOLEANS.get(_as_text(value).strip().lower())
        case "date":
            return _as_date(value)
        case _:
            return _as_text(value)


def _as_text(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def as_number(value: Scalar) -> int | float | None:
    """Return the number a value is or is written as; None for none."""
    if isinstance(value, bool):
        return int(value)
    return parse_number(value) if isinstance(value, str) else value


def _as_date(value: Scalar) -> str | None:
    """Return a date in ISO 8601: of other orders of day and month, a year, or a Unix time."""
    if isinstance(value, bool):
        return None
    if not isinstance(value, str):
        return _from_number(value)
    text = value.strip()
    if is_date(text):
        return text[:10] + "T" + text[11:] if text[10:11] == " " else text
    for pattern, places in ((_SLASHED, (1, 2, 3)), (_DOTTED, (3, 2, 1))):
        match = pattern.fullmatch(text)
        if match:
            year, month, day = (int(match[place]) for place in places)
            time = f"T{match[4]}" if match[4] else ""
            written = f"{year:04}-{month:02}-{day:02}{time}"
            return written if is_date(written) else None
    return None


def _from_number(value: float) -> str | None:
    if 1000 <= value <= 9999 and value == int(value):
        return str(int(value))
    seconds = value / 1000 if abs(value) >= 1e11 else value  # milliseconds since 1973
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment.isoformat(timespec="seconds")


def _split(text: str) -> list[str]:
    """Return the elements of a list that a table's cell holds as one string."""
    stripped = text.strip()
    if stripped.startswith("["):
        try:
            parsed = json.loads(stripped)
        except (ValueError, RecursionError):
            parsed = None
        if isinstance(parsed, list):
            return [_as_text(one) for one in parsed if isinstance(one, str | int | float)]
    mark = next((mark for mark in "|;," if mark in stripped), None)
    parts = stripped.split(mark) if mark else [stripped]
    return [part.strip() for part in parts if part.strip()]


def seen_in(value: MetadataValue) -> int:
    """Return the bits of what a value is."""
    bits = LIST if isinstance(value, list) else 0
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, bool):
            bits |= BOOLEAN
        elif not isinstance(one, str):
            bits |= NUMBER
        else:
            bits |= DATE if is_date(one) else STRING | (LONG if len(one) > LONG_TEXT else 0)
    return bits


def mostly_type(seen: int) -> FieldType | None:
    """Return what the values of a field are but for strays; None where nothing says so."""
    if seen & MOSTLY_NUMBERS:
        return "number"
    return "date" if seen & MOSTLY_DATES else None


def inferred_type(seen: int) -> FieldType:
    """Return the type of a field no one has declared, from all that was ever seen in it.

    Where a table's column was of numbers or dates but for strays, so is the field. Otherwise
    numbers among truth values make a number, other strings among dates a keyword, one long
    string a text, and one list of strings keywords.
    """
    mostly = mostly_type(seen)
    if mostly is not None:
        return mostly
    if seen & (STRING | DATE):
        if seen & LIST and not seen & LONG:
            return "keywords"
        if not seen & STRING and not seen & (NUMBER | BOOLEAN):
            return "date"
        return "text" if seen & LONG else "keyword"
    if seen & NUMBER:
        return "number"
    if seen & BOOLEAN:
        return "boolean"
    return "geo" if seen & POINT else "keyword"
