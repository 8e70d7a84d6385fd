"""The catalogue's seam: nothing outside the room names a connection or reaches for its tables."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
ROOMS = ("api", "binocle", "evaluation", "experiments", "indexer", "search", "training")
INSIDE = ROOT / "binocle" / "catalog"
ENGINES = ("binocle.catalog.sqlite", "binocle.catalog.postgresql")
JUDGES = {  # what makes files as older programs left them, and lets statements fail
    "experiments/faults/older.py: sqlite3",
    "experiments/faults/stand_in.py: sqlite3",
}

SERVICE_FILE = {  # what the service keeps of its own jobs and webhooks is a file of its own
    "api/service_state/sqlite_file.py: sqlite3",
}


@cache
def imports(path: Path) -> list[str]:
    """Return what a file imports, each as ``module.name``."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found += (f"{node.module}.{alias.name}" for alias in node.names)
    return found


def test_no_connection_and_no_table_is_named_outside_the_catalogue() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if INSIDE not in path.parents
        for name in imports(path)
        if name.startswith(("sqlalchemy", "sqlite3", "binocle.catalog.tables"))
    }
    assert found == JUDGES | SERVICE_FILE


def test_nobody_outside_knows_which_catalogue_it_has() -> None:
    found = {
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if INSIDE not in path.parents and any(name.startswith(ENGINES) for name in imports(path))
    }
    assert found == set()
