"""Which part of a request is at fault, and why, in words for who wrote it.

Where a value may be one of several things, pydantic tells an error for each of them, with the
name of a Python type in the place. Here the thing that the value is nearest to is explained, and
places have only names and numbers that the request has. Nothing pydantic says is repeated: its
words are about Python.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from api.http.schemas.patterns import MEANINGS

_MUST_BE = {
    "model_type": "a JSON object",
    "model_attributes_type": "a JSON object",
    "dict_type": "a JSON object",
    "string_type": "a text",
    "list_type": "a list",
    "tuple_type": "a list",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number of at most 64 bits",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "none_required": "null",
    "string_unicode": "a text in Unicode",
    **dict.fromkeys(
        (
            "datetime_type",
            "datetime_parsing",
            "datetime_from_date_parsing",
            "datetime_object_invalid",
            "timezone_aware",
        ),
        "a time with its offset, such as 2027-03-31T12:00:00Z",
    ),
}
_LIMITS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than_equal": lambda at: f"at least {at['ge']:g}",
    "greater_than": lambda at: f"more than {at['gt']:g}",
    "less_than_equal": lambda at: f"at most {at['le']:g}",
    "less_than": lambda at: f"less than {at['lt']:g}",
    "literal_error": lambda at: str(at["expected"]),
}
_BE = "must be "
_LONGEST_NAME = 80


def explain(
    errors: Sequence[Mapping[str, Any]], document: object, kind: object = None, within: str = ""
) -> tuple[str, str]:
    """Return the place at fault, names and numbers with points between them, and the reason.

    Args:
        errors: At least one, as pydantic lists them.
        document: What was validated; places are looked for in it.
        kind: The type it was to have, for the names that are known where one is not.
        within: Where the document stands in a larger one, such as ``searches.3.``.

    Returns:
        The place, empty for all there is; and one line that names it and says what it
        must be.
    """
    placed = [(_place(one, document), one) for one in errors]
    (place, is_choice), error = placed[0]
    nearest = [error]
    if is_choice:
        rivals = [
            (found, one)
            for (found, chosen), one in placed
            if chosen and found[: len(place)] == place
        ]
        best = max(_rank(found, one) for found, one in rivals)
        place = next(found for found, one in rivals if _rank(found, one) == best)
        nearest = [one for found, one in rivals if found == place and _rank(found, one) == best]
    named = (within + ".".join(place)).rstrip(".")
    words = _joined([_words(one, kind) for one in nearest])
    return named, f"{one_line(named) or 'the body'} {words}"


def one_line(name: str) -> str:
    """Return a name as a message has it: in one line, and not too long."""
    line = " ".join("".join(one if one.isprintable() else " " for one in name).split())
    return line if len(line) <= _LONGEST_NAME else line[: _LONGEST_NAME - 1] + "…"


def _place(error: Mapping[str, Any], document: object) -> tuple[list[str], bool]:
    """Return where an error is, and whether it is that of one of several choices."""
    place: list[str] = []
    is_choice = False
    value: object = document
    parts = error["loc"]
    for number, part in enumerate(parts):
        is_last = number == len(parts) - 1
        if (isinstance(value, dict) and part in value) or (
            isinstance(value, list) and isinstance(part, int) and part < len(value)
        ):
            value = value[part]
        elif not (is_last and error["type"] == "missing"):
            is_choice = True  # the name of a type, not of anything in the request
            continue
        place.append(str(part))
    return place, is_choice


def _rank(place: list[str], error: Mapping[str, Any]) -> tuple[int, bool]:
    """Rank how far a choice got; a value of the wrong type altogether got least far."""
    return len(place), not str(error["type"]).endswith("_type")


def _joined(reasons: Sequence[str]) -> str:
    """Join what a value must be to be one of several things."""
    different = list(dict.fromkeys(reasons))
    if all(one.startswith(_BE) for one in different):
        return _BE + " or ".join(one.removeprefix(_BE) for one in different)
    return ", or ".join(different)


def _words(error: Mapping[str, Any], kind: object) -> str:
    """Return what is wrong, as what follows the name of the place."""
    name, at = str(error["type"]), error.get("ctx", {})
    if name in _MUST_BE:
        return _BE + _MUST_BE[name]
    if name in _LIMITS:
        return _BE + _LIMITS[name](at)
    if name == "missing":
        return "is required"
    if name == "extra_forbidden":
        known = sorted(set(_known(kind, error["loc"])))
        return "is not known here; " + (
            f"known are {', '.join(known)}" if known else "leave it out"
        )
    if name == "string_pattern_mismatch":
        return MEANINGS.get(at.get("pattern", ""), "has characters that are not allowed")
    if name == "value_error":
        return str(at.get("error", "cannot be used"))
    return _lengths(name, at) or "cannot be used; see /docs for what it may be"


def _lengths(name: str, at: Mapping[str, Any]) -> str | None:
    """Return what a text or list of the wrong length must have; None for other errors."""
    things = "characters" if name.startswith("string") else "entries"
    if name.endswith("too_short"):
        least = int(at["min_length"])
        return "must not be empty" if least == 1 else f"must have at least {least:,} {things}"
    if name.endswith("too_long"):
        return f"must have at most {int(at['max_length']):,} {things}"
    return None


def _known(kind: object, place: Sequence[str | int]) -> Iterator[str]:
    """Yield the names that what a place is in has, whichever of several types it may be."""
    types = list(_choices(kind))
    for part in place[:-1]:
        inside = [deeper for one in types for deeper in _inside(one, part)]
        types = inside or types  # the name of a type leads nowhere
    for one in types:
        if isinstance(one, type) and issubclass(one, BaseModel):
            yield from one.model_fields


def _inside(kind: object, part: str | int) -> Iterator[object]:
    """Yield the types of a part of a type."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if part in kind.model_fields:
            yield from _choices(kind.model_fields[str(part)].annotation)
    elif get_origin(kind) in (list, tuple) and isinstance(part, int):
        yield from _choices(get_args(kind)[0])


def _choices(kind: object) -> Iterator[object]:
    """Yield the types that a type stands for."""
    if hasattr(kind, "__metadata__"):  # Annotated
        yield from _choices(get_args(kind)[0])
    elif get_origin(kind) in (Union, UnionType):
        for one in get_args(kind):
            yield from _choices(one)
    else:
        yield kind
