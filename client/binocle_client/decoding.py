"""From JSON to the dataclasses of answers. Fields that a newer service adds are left out."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

_Answer = TypeVar("_Answer")


def decode(kind: type[_Answer], document: object) -> _Answer:
    """Return a JSON document as what it is.

    Raises:
        LookupError: A field is missing.
        TypeError: A part is no object, or no list, that should be one.
    """
    answer: _Answer = _decoded(kind, document)
    return answer


def _decoded(kind: Any, value: Any) -> Any:
    if get_origin(kind) is UnionType:  # with None, or of plain values, which stay as they are
        inside = [one for one in get_args(kind) if is_dataclass(one)]
        if value is None or not inside:
            return value
        fits = (one for one in inside if _has_all(one, value))
        return _decoded(next(fits, inside[0]), value)
    if get_origin(kind) is list:
        if not isinstance(value, list):
            raise TypeError(f"a list, not {value!r:.100}")
        return [_decoded(get_args(kind)[0], one) for one in value]
    if not isinstance(kind, type) or not is_dataclass(kind):
        return value
    if not isinstance(value, Mapping):
        raise TypeError(f"an object, not {value!r:.100}")
    types = _types(kind)
    there = [one.name for one in fields(kind) if one.name in value or not _has_default(one)]
    return kind(**{name: _decoded(types[name], value[name]) for name in there})


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _has_all(kind: Any, value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        one.name in value or _has_default(one) for one in fields(kind)
    )


@cache
def _types(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
