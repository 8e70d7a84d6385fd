"""What the service says is still said so where the page has it in other words."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
WORDS = ROOT / "api" / "page" / "words" / "service.js"
_PATTERN = re.compile(r"^  \[/\^(?P<pattern>.*?)\$/, ", re.MULTILINE)
_GROUPS = re.compile(r"\\(.)|\((?:[^()\\]|\\.|\([^()]*\))*\)\??|\.\*|\[[^\]]*\]\+?|[.+?*]")
_APART = re.compile(r"['\n()]|no suffix ")  # quotes are Python's own, and some are put together
_LEAST = 8  # characters of a piece that tells a sentence from others


def pieces(pattern: str) -> list[str]:
    """Return what a pattern has between its groups, as the service writes it."""
    cut = _GROUPS.sub(lambda found: found[1] or "\n", pattern)
    every = (one.strip(" ;:,") for one in _APART.split(cut))
    return [one for one in every if len(one) >= _LEAST]


@cache
def said() -> str:
    """Return all texts of the program, a line for each, without what is put into them."""
    rooms = ("api", "binocle", "indexer", "search")
    paths = (path for room in rooms for path in (ROOT / room).rglob("*.py"))
    nodes = (node for path in paths for node in ast.walk(ast.parse(path.read_text("utf-8"))))
    constants = (node.value for node in nodes if isinstance(node, ast.Constant))
    return "\n".join(one for one in constants if isinstance(one, str))


PATTERNS = [found["pattern"] for found in _PATTERN.finditer(WORDS.read_text("utf-8"))]


def test_all_sentences_are_looked_at() -> None:
    rows = sum(line.startswith("  [/^") for line in WORDS.read_text("utf-8").splitlines())
    assert len(PATTERNS) == rows > 30


@pytest.mark.parametrize("pattern", PATTERNS)
def test_sentence_that_the_page_translates_is_one_of_the_service(pattern: str) -> None:
    lacking = [one for one in pieces(pattern) if one not in said()]
    assert not lacking, "the service words it otherwise now: mend api/page/words/service.js"
