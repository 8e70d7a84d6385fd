"""What comes as a record is one, or is answered with why it is none."""

import pytest

from api.http.mapping.uploads import candidate_of, parsed_record
from api.http.schemas.common import RecordIn, RecordResult


@pytest.mark.parametrize(
    ("line", "name", "detail"),
    [
        (b"{", "", "the line is no JSON"),
        (b"\xff", "", "the line is no JSON"),
        (b"[" * 100_000, "", "the line is no JSON"),
        (b"5", "", "the body must be a JSON object"),
        (b'{"texts": {}}', "", "id is required"),
        (b'{"id": "a", "texts": {"t": 5}}', "a", "texts.t must be"),
        (b'{"id": "a", "txt": {}}', "a", "txt is not known here"),
    ],
)
def test_a_line_that_is_no_record_is_told_why(line: bytes, name: str, detail: str) -> None:
    found = parsed_record(line)
    assert isinstance(found, RecordResult)
    assert (found.id, found.status) == (name, "failed")
    assert found.error is not None
    assert found.error.code == "invalid"
    assert detail in found.error.detail


def test_a_line_that_is_a_record_becomes_what_is_indexed() -> None:
    found = parsed_record(b'{"id": "a", "texts": {"title": ["x", "y"]}, "metadata": {"n": null}}')
    assert isinstance(found, RecordIn)
    candidate = candidate_of(found, {})
    assert [(one.role, one.text) for one in candidate.texts] == [("title", "x"), ("title", "y")]
    assert (candidate.record_id, dict(candidate.metadata), candidate.skip) == ("a", {}, None)
    empty = parsed_record(b'{"id": "a"}')
    assert isinstance(empty, RecordIn)
    skip = candidate_of(empty, {}).skip
    assert skip is not None
    assert skip.code == "empty"
