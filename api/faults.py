"""Which part of a request is at fault, and why, in words for who wrote it.

Where a value may be one of several things, pydantic tells an error for each of them, with the
name of a Python type in the place. Here the thing that the value is nearest to is explained, and
places have only names and numbers that the request has.
"""

from collections.abc import Mapping, Sequence
from typing import Any

_PLAIN = {
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "dict_type": "must be a JSON object",
    "string_type": "must be a text",
    "list_type": "must be a list",
}
_BLANK = r"\S"


def explain(errors: Sequence[Mapping[str, Any]], document: object) -> tuple[str, str]:
    """Return the place at fault, names and numbers with points between them, and the reason.

    Args:
        errors: At least one, as pydantic lists them.
        document: What was validated; places are looked for in it.
    """
    placed = [(_place(one, document), one) for one in errors]
    (place, is_choice), _ = placed[0]
    if not is_choice:
        return ".".join(place), _words(errors[0])
    rivals = [
        (found, one) for (found, chosen), one in placed if chosen and found[: len(place)] == place
    ]
    best = max(_rank(found, one) for found, one in rivals)
    nearest = [(found, one) for found, one in rivals if _rank(found, one) == best]
    place = nearest[0][0]
    words = dict.fromkeys(_words(one) for found, one in nearest if found == place)
    return ".".join(place), ", or: ".join(words)


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


def _words(error: Mapping[str, Any]) -> str:
    kind = str(error["type"])
    if kind == "string_pattern_mismatch" and error.get("ctx", {}).get("pattern") == _BLANK:
        return "must not be blank"
    return _PLAIN.get(kind) or str(error["msg"])
