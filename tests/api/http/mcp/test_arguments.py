"""What the tools take, and what models are told of it."""

import pytest

from api.http.errors.problems import ServiceError
from api.http.mcp.arguments import CompareTool, LookupTool, SearchTool, input_schema, parsed


def test_nulls_are_as_good_as_left_out() -> None:
    asked = parsed(SearchTool, {"words": "red", "filter": None, "limit": None})
    assert (asked.words, asked.filter, asked.limit) == ("red", None, 12)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"limit": 0}, "limit must be at least 1"),
        ({"limit": "many"}, "limit must be a whole number"),
        ({"words": ""}, "words must not be empty"),
        ({"like": ["a"] * 17}, "like must have at most 16 entries"),
        ({"colour": "red"}, "colour is not known here; known are collection, fields"),
    ],
)
def test_what_does_not_fit_is_named(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ServiceError, match=said):
        parsed(SearchTool, arguments)


def test_schemas_have_types_and_limits_and_no_nulls() -> None:
    told = input_schema(SearchTool)["properties"]
    assert told["limit"] == {"type": "integer", "minimum": 1, "maximum": 30, "default": 12}
    assert told["words"]["type"] == "string"
    assert told["like"]["items"] == {"type": "string"}
    assert "null" not in str(told)
    assert input_schema(CompareTool)["required"] == ["ids"]
    assert input_schema(LookupTool)["properties"]["picture"]["maxLength"] == 6_000_000
