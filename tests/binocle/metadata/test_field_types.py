"""Types of fields: how values become them, and what is inferred."""

from typing import Any

import pytest

from binocle.errors import UsageError
from binocle.metadata.field_types import (
    POINT,
    FieldType,
    check_schema,
    converted_to,
    inferred_type,
    seen_in,
    typed,
)
from binocle.types import Metadata


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("number", "12", 12),
        ("number", "-1.5e3", -1500.0),
        ("number", "$1,299.90", 1299.9),
        ("number", " 12 € ", 12),
        ("number", True, 1),
        ("number", 7.5, 7.5),
        ("number", "12 kg", None),
        ("number", "1,2", 1.2),
        ("number", "1e999", None),
        ("number", "9223372036854775808", 9223372036854775808.0),
        ("number", ["1", "x", 2], [1, 2]),
        ("number", ["x"], None),
        ("boolean", "Yes", True),
        ("boolean", "0", False),
        ("boolean", 1.0, True),
        ("boolean", 2, None),
        ("date", "2021-03-05 10:30:00", "2021-03-05T10:30:00"),
        ("date", "2021:03:05 10:30:00", "2021-03-05T10:30:00"),
        ("date", "2021/3/5", "2021-03-05"),
        ("date", "5.3.2021", "2021-03-05"),
        ("date", "2021-02-29", None),
        ("date", 2021, "2021"),
        ("date", 1614940200, "2021-03-05T10:30:00+00:00"),
        ("date", 1614940200000, "2021-03-05T10:30:00+00:00"),
        ("date", "someday", None),
        ("keyword", 7, "7"),
        ("keyword", 7.0, "7"),
        ("keyword", 1.5, "1.5"),
        ("keyword", False, "false"),
        ("text", "a b", "a b"),
        ("keywords", "warm| bright", ["warm", "bright"]),
        ("keywords", "a, b,,c", ["a", "b", "c"]),
        ("keywords", '["a, b", 3]', ["a, b", "3"]),
        ("keywords", ["x", 3], ["x", "3"]),
        ("keywords", " ", None),
        ("keywords", 5, ["5"]),
    ],
)
def test_values_become_their_type(kind: FieldType, value: Any, expected: Any) -> None:
    found = converted_to(kind, value)
    assert found == expected
    assert type(found) is type(expected)


def test_only_declared_fields_are_converted() -> None:
    metadata: Metadata = {"price": "12", "size": "12", "code": True}
    assert typed(metadata, {}) is metadata
    assert typed(metadata, {"price": "number", "code": "date"}) == {"price": 12, "size": "12"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2.5], "number"),
        ([True, False], "boolean"),
        ([True, 3], "number"),
        (["2021", "2021-03-05T10:30:00+02:00"], "date"),
        (["2021", "soon"], "keyword"),
        (["2021", 5], "keyword"),
        (["red", "x" * 100], "text"),
        ([["a", "b"], "c"], "keywords"),
        ([[1, 2]], "number"),
        ([[]], "keyword"),
    ],
)
def test_types_are_inferred_from_what_was_seen(values: list[Any], expected: str) -> None:
    seen = 0
    for value in values:
        seen |= seen_in(value)
    assert inferred_type(seen) == expected
    assert inferred_type(POINT) == "geo"


def test_schemas_name_known_types_and_metadata_fields() -> None:
    assert check_schema({"price": "number"}) == {"price": "number"}
    for wrong in ({"price": "money"}, {"id": "number"}, {"": "number"}):
        with pytest.raises(UsageError):
            check_schema(wrong)
