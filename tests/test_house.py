"""The shape of the house: rooms a stranger can walk, names used once, files and functions short."""

import ast
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

from tests.support import ROOT

TESTS = ROOT / "tests"
ROOMS = ("binocle", "indexer", "search", "api", "evaluation", "training", "experiments")
MOST_FILES, MOST_LINES, MOST_FUNCTION_LINES = 15, 300, 40

_OPTIONS = "its parameters are the command's options"
LONG_FUNCTIONS = {
    "api/cli/index.py:index_sources": _OPTIONS,
    "api/cli/labels.py:label": _OPTIONS,
    "api/cli/lookup.py:lookup": _OPTIONS,
}
"""Functions that are longer, ``file:name``, each with the reason why it is not taken apart."""


@cache
def modules() -> list[tuple[str, str, ast.Module]]:
    paths = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    texts = [path.read_text("utf-8") for path in paths]
    return [
        (path.relative_to(ROOT).as_posix(), text, ast.parse(text))
        for path, text in zip(paths, texts, strict=True)
    ]


CROSS_CUTTING = {
    "api": "brute_force deployment doors durability honest_answers misspelt",
    "api/http": "docs_page memory uploads",
    "api/http/routes": "dialogues search_page write_path",
    "api/http/runtime": "warming",
    "binocle/catalog": "seam",
    "binocle/collection": "nearest",
    "binocle/media": "resizing",
    "client": "installed",
    "evaluation": "eval_command",
    "indexer": "strays",
    "indexer/sources": "contract",
    "search": "brute_force questions",
    "search/copies": "lookup_products",
    "search/keyword": "model_numbers word_sums",
    "search/ranking": "pages",
    "search/relevance": "unsupported_texts",
    "training": "command",
    "": "architecture_page house imports packaging",
}
"""Test files of what several modules do together, or all implementations of a seam, by folder."""

MOST_WITHOUT_TESTS = 51
"""So many modules of over a hundred lines have no test file of their own; it only falls."""


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return a function's length, signature included, docstring not."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or 0) - first.lineno + 1
    return lines


def test_no_folder_has_more_than_fifteen_modules() -> None:
    wide = Counter(str(Path(path).parent) for path, _, _ in modules() if "__init__" not in path)
    assert {folder: count for folder, count in wide.items() if count > MOST_FILES} == {}


def test_every_folder_says_what_is_inside() -> None:
    silent = [
        path
        for path, _, tree in modules()
        if path.endswith("__init__.py") and not ast.get_docstring(tree)
    ]
    assert silent == []


def test_a_class_name_means_one_thing() -> None:
    owners = defaultdict(list)
    for path, _, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                owners[node.name].append(path)
    assert {name: files for name, files in owners.items() if len(files) > 1} == {}


def test_files_are_short() -> None:
    long = {path: text.count("\n") for path, text, _ in modules()}
    assert {path: lines for path, lines in long.items() if lines > MOST_LINES} == {}


def test_functions_fit_on_a_screen() -> None:
    long = {
        f"{path}:{node.name}": lines
        for path, _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (lines := lines_of(node)) > MOST_FUNCTION_LINES
    }
    assert {name: lines for name, lines in long.items() if name not in LONG_FUNCTIONS} == {}
    assert LONG_FUNCTIONS.keys() <= long.keys(), "these are short now; take them off the list"


def test_test_files_are_named_after_a_module() -> None:
    named = {file_of_tests(path) for path, _, _ in modules()}
    named |= {f"client/test_{one.stem}.py" for one in (ROOT / "client").rglob("*.py")}
    known = {
        (Path(folder) / f"test_{name}.py").as_posix()
        for folder, names in CROSS_CUTTING.items()
        for name in names.split()
    }
    found = {one.relative_to(TESTS).as_posix() for one in TESTS.rglob("test_*.py")}
    assert found - named == known, "name it after the module it tests, or keep the list right"


def test_large_modules_have_a_test_file_of_their_name() -> None:
    without = [
        path
        for path, text, _ in modules()
        if text.count("\n") > 100
        if not (TESTS / file_of_tests(path)).exists() and not path.endswith("__init__.py")
    ]
    assert len(without) <= MOST_WITHOUT_TESTS, without


def file_of_tests(path: str) -> str:
    """Return the test file of a module, below ``tests``."""
    module = Path(path)
    return (module.parent / f"test_{module.stem}.py").as_posix()
