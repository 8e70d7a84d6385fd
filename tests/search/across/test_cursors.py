"""The cursors of several collections as one."""

import base64
import json

import pytest

from binocle.errors import CursorError
from search.across.cursors import AcrossPosition


def test_position_comes_back_as_it_was() -> None:
    position = AcrossPosition(
        {"a": "x", "b": "y"}, {"a": 2, "b": 0}, 12, 3, ("12345678", "ABCDEFGH")
    )
    assert AcrossPosition.of(position.as_cursor() or "", ["b", "a", "c"]) == position
    assert AcrossPosition({}, {}, 5).as_cursor() is None


def test_cursor_of_other_collections_is_refused() -> None:
    cursor = AcrossPosition({"secret": "x"}).as_cursor()
    with pytest.raises(CursorError, match=r"in other collections \(secret\)"):
        AcrossPosition.of(cursor or "", ["a"])


_STRANGE = [
    [], {}, 5, [{}, 1, 0, ""], ["a", 1, 0, ""], [{"a": 1}, "x", 0, ""], [{"a": "x"}, 1, 0, ""],
    [{"a": ["x", 1]}, 1, None, ""], [{"a": ["x", 1]}, 1, 0, 7], [{"a": ["x", 1]}, 1, 0],
    [{"a": ["x", 1]}, float("inf"), 0, ""], [{"a": ["x", float("inf")]}, 1, 0, ""],
    [{"a": ["x", 1]}, 1, 0, ["x"]],
]  # fmt: skip


@pytest.mark.parametrize("document", _STRANGE)
def test_damaged_cursor_is_refused(document: object) -> None:
    text = base64.urlsafe_b64encode(json.dumps(document).encode()).decode()
    for cursor in (text, "ä", "x", "!!!!", "AAAA"):
        with pytest.raises(CursorError, match="damaged"):
            AcrossPosition.of(cursor, ["a"])
