"""The examples of docs/search.md ask the same in all three forms."""

import json
import re
import shlex

import pytest

from binocle.metadata.filter_parsing import parse_json
from search.query import query as words
from search.query.filter_language import parse_where
from search.query.query import Query
from tests.support import ROOT
from tests.support.shop import Shop

_PAGE = ROOT / "docs" / "search.md"
_EXAMPLE = re.compile(
    r"```sh\nbinocle search -c shop (.*?)\n```\n\n```json\n(.*?)\n```\n\n```python\n(.*?)\n```",
    re.DOTALL,
)
EXAMPLES = _EXAMPLE.findall(_PAGE.read_text())


def test_page_has_no_other_examples() -> None:
    assert len(EXAMPLES) == _PAGE.read_text().count("```sh") >= 8


@pytest.mark.parametrize(("command", "body", "python"), EXAMPLES, ids=[e[0] for e in EXAMPLES])
def test_example_gives_the_same_in_every_form(
    shop: Shop, command: str, body: str, python: str
) -> None:
    query = eval(python, {**vars(words), "parse_where": parse_where})
    assert isinstance(query, Query)
    ids = [hit.record.id for hit in shop.python(query).hits]
    assert ids
    assert [hit["id"] for hit in shop.typed(*shlex.split(command))["hits"]] == ids
    assert [hit["id"] for hit in shop.posted(json.loads(body))["hits"]] == ids


_ROW = re.compile(r"^\| (`.*?) \| (`.*?) \| ", re.MULTILINE)


def test_filters_of_the_page_can_be_read() -> None:
    rows = [row for row in _ROW.findall(_PAGE.read_text()) if '`{"' in row[1] and "…" not in row[1]]
    assert len(rows) == 8
    for typed, body in rows:
        for one in re.findall(r"`(\w+ .*?)`", typed):
            parse_where(one)
        parse_json(json.loads(re.findall(r"`(\{.*?\})`", body)[0]))
