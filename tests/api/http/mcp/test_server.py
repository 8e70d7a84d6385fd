"""What models read with every request is short."""

import json

from api.http.mcp.server import _listed, _refusal
from api.http.mcp.tools import INSTRUCTIONS, TOOLS
from binocle.errors import UnreachableError

_MOST_BYTES = 5_000  # of all tools as they go over the wire
_MOST_DESCRIPTION = 160


def test_there_are_six_tools_that_only_read() -> None:
    assert list(TOOLS) == ["collections", "search", "look", "lookup", "count", "compare"]
    told = [_listed(one).annotations for one in TOOLS.values()]
    assert all(one is not None and one.read_only_hint for one in told)


def test_the_tools_are_told_in_few_words() -> None:
    told = [_listed(one).model_dump(by_alias=True, exclude_none=True) for one in TOOLS.values()]
    assert len(json.dumps(told)) <= _MOST_BYTES
    assert all(len(one.description) <= _MOST_DESCRIPTION for one in TOOLS.values())
    assert len(INSTRUCTIONS) <= 500


def test_no_argument_is_a_path_or_an_address() -> None:
    names = {name for one in TOOLS.values() for name in one.arguments.model_fields}
    assert not names & {"path", "file", "folder", "uri", "url", "source"}


def test_what_names_other_machines_is_not_told_to_models() -> None:
    told = _refusal(UnreachableError("db.internal does not answer")).model_dump_json()
    assert "does not answer" in told
    assert "db.internal" not in told
