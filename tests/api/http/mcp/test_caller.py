"""What records are called, and which of their fields are told."""

from api.http.mcp.caller import few_fields, row_of, telling, title_of
from binocle.types import MetadataValue


def test_a_title_is_found_among_texts_before_metadata() -> None:
    assert title_of({"body": ["long"], "title": ["Red shoe"]}, {"title": "other"}) == "Red shoe"
    assert title_of({"body": ["a  b"]}, {"name": "x"}) == "a b"
    assert title_of({}, {"name": "x"}) == "x"
    assert title_of({}, {"price": 3}) is None


def test_a_few_fields_are_told_and_all_that_were_asked_for() -> None:
    metadata: dict[str, MetadataValue] = {
        "title": "t",
        **{f"f{number}": number for number in range(9)},
        "text": "x" * 200,
    }
    assert few_fields(metadata, []) == {f"f{number}": number for number in range(5)}
    assert few_fields(metadata, ["f8", "text", "none"]) == {"f8": 8, "text": "x" * 59 + "…"}
    assert few_fields({"tags": list("abcdefgh")}, [])["tags"] == list("abcde")


def test_what_a_file_says_of_itself_is_told_last_or_not_at_all() -> None:
    assert telling(["width", "sha256", "price", "bytes", "color"]) == ["price", "color", "width"]


def test_a_row_leaves_out_what_is_not_known() -> None:
    assert row_of(1, "a", None, "b", {}) == '1 "a" "b"'
