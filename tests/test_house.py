"""The shape of the house: rooms a stranger can walk, names used once, files and functions short."""

import ast
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

from tests.support import ROOT

TESTS = ROOT / "tests"
ROOMS = ("binocle", "indexer", "search", "api", "evaluation", "training", "experiments")
MOST_FILES, MOST_LINES, MOST_FUNCTION_LINES = 15, 300, 40

_OPTIONS = "its parameters are the command's options"
LONG_FUNCTIONS = {
    "api/cli/labels.py:label": _OPTIONS,
    "api/cli/copies/duplicates.py:duplicates": _OPTIONS,
    "api/cli/copies/lookup.py:lookup": _OPTIONS,
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
    "api/test_brute_force": "every door against one slow evaluation",
    "api/test_deployment": "files that run a service",
    "api/test_doors": "one query through every door",
    "api/test_durability": "what was acknowledged, after a kill",
    "api/test_honest_answers": "what several doors say of relevance",
    "api/test_replicas": "services on several machines",
    "api/test_misspelt": "misspelt words through every door",
    "api/operations/doctor/test_switches": "switches that are killed, and repairs",
    "api/http/test_docs_page": "a page of several files",
    "api/http/test_examples": "a page and the service",
    "api/page/test_accessibility": "all views of the page",
    "api/page/test_detail": "a page of several files",
    "api/page/test_service_words": "sentences of the service, on the page",
    "api/page/test_hostile": "all that the page shows",
    "api/page/test_large": "the grid in the page",
    "api/page/test_keys": "the page with keys",
    "api/page/test_rooms": "several rooms of the page",
    "api/page/test_shapes": "the page and what hits tell",
    "api/page/test_search": "a page of several files",
    "api/http/test_memory": "hostile uploads through the whole service",
    "api/http/test_uploads": "upload, index and search together",
    "api/http/routes/test_dialogues": "turns over several routes",
    "api/http/routes/test_search_page": "a page of several files",
    "api/http/routes/test_write_path": "writes over several routes",
    "api/http/runtime/test_warming": "collections and calibration at start",
    "binocle/catalog/test_seam": "what no room outside may name",
    "binocle/collection/test_nearest": "collection, index and filters together",
    "binocle/media/test_resizing": "pixels as open_clip makes them",
    "binocle/vectors/test_persisting": "what every store persists, by one contract",
    "client/test_installed": "the package outside this folder",
    "client/test_typescript": "the package in another language",
    "evaluation/test_eval_command": "the command from end to end",
    "indexer/test_strays": "stray values from source to catalogue",
    "indexer/sources/test_contract": "one contract over all sources",
    "search/test_brute_force": "answers against a slow evaluation",
    "search/test_questions": "refusals from several modules",
    "search/copies/test_lookup_products": "lookup on products that look alike",
    "search/keyword/test_model_numbers": "words, postings and ranking together",
    "search/ranking/test_pages": "pages over all of ranking",
    "search/relevance/test_unsupported_texts": "texts no model reads, end to end",
    "training/test_command": "the command from end to end",
    "support/test_longest_first": "the order of the tests themselves",
    "test_architecture_page": "a page and the code",
    "test_house": "the shape of all rooms",
    "test_imports": "what importing the kernel brings",
    "test_packaging": "what is packed",
}
"""Test files of what several modules do together, each with the reason."""

MOST_WITHOUT_TESTS = 47
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


def test_the_command_line_prints_in_one_place() -> None:
    said = re.compile(r"\bclick\.s?echo\(|(?<![.\w])print\(")
    others = [path for path, text, _ in modules() if path.startswith("api/") and said.search(text)]
    assert others == ["api/cli/serve.py", "api/terminal.py"]  # the first says where it listens


def test_test_files_are_named_after_a_module() -> None:
    named = {file_of_tests(path) for path, _, _ in modules()}
    named |= {f"client/test_{one.stem}.py" for one in (ROOT / "client").rglob("*.py")}
    known = {f"{name}.py" for name in CROSS_CUTTING}
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
