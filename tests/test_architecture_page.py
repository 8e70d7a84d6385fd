"""docs/architecture.md names files and functions: they are there."""

import ast
import re

from tests.support import ROOT

_PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
_ROOMS = "binocle|indexer|search|api|evaluation|training|experiments|client|tests"


def names_in(path: str) -> set[str]:
    """Return the functions, classes and methods of a file, as the page names them."""
    names = set()
    for node in ast.parse((ROOT / path).read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
            names |= {f"{node.name}.{one.name}" for one in node.body if hasattr(one, "name")}
    return names


def test_every_file_and_folder_named_is_there() -> None:
    named = set(re.findall(rf"`((?:{_ROOMS})/[\w./]*)`", _PAGE))
    assert len(named) > 60
    assert [one for one in sorted(named) if not (ROOT / one).exists()] == []


def test_every_function_of_the_two_walks_is_where_the_page_says() -> None:
    steps = re.findall(r"^\| [^|]+ \| `([\w.]+)` \| `([\w/.]+\.py)` \|$", _PAGE, re.MULTILINE)
    assert len(steps) > 30
    assert [(name, path) for name, path in steps if name not in names_in(path)] == []
