"""What moves to PostgreSQL have left that were cut off."""

from collections.abc import Iterator
from pathlib import Path

from binocle.catalog import damage
from binocle.catalog.checks.findings import Finding, fact


def check_moves(folder: Path) -> Iterator[Finding]:
    """Find what a move has left that was cut off."""
    if left := damage.move_cut_off(folder):
        yield Finding("catalogue-move", left, damage.move_remedy(folder.name), repair="move")
    elif (folder / damage.BEGUN_FILE).exists() and not damage.is_moving(folder):
        message = "a move to PostgreSQL was cut off, and has left a copy there that nobody uses"
        yield fact("catalogue-move", message, damage.move_remedy(folder.name), repair="move")
