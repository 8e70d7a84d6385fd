"""Stored vectors that are not what was stored: looked for, told, and how they are mended."""

import logging
import random
from collections.abc import Sequence
from pathlib import Path

from binocle.catalog.base import Catalog
from binocle.catalog.damage import DamagedVector
from binocle.errors import StorageError

_SAMPLE, _MOST_TOLD = 64, 5
_log = logging.getLogger(__name__)


def check_sample(folder: Path, catalog: Catalog) -> None:
    """Look at a few vectors by chance, and tell of those that are damaged.

    Args:
        folder: The collection's.
        catalog: Its catalogue.
    """
    with catalog.reading() as session:
        newest = session.history.newest_part()
        ids = random.sample(range(1, newest + 1), min(newest, _SAMPLE))
        damaged = session.parts.damaged_vectors(ids)
    report_damage(folder, catalog, damaged)


def report_damage(folder: Path, catalog: Catalog, damaged: Sequence[DamagedVector]) -> None:
    """Tell of damaged vectors, and have the next run over their sources embed them anew.

    Args:
        folder: The collection's.
        catalog: Its catalogue.
        damaged: What was found; nothing happens where that is nothing.
    """
    if not damaged:
        return
    for one in damaged[:_MOST_TOLD]:
        _log.warning(
            "the stored vector of %r in %s is damaged (part %d, %s): searches by vectors pass over "
            "it until the record is stored again, or its source indexed again",
            one.record_id, folder.name, one.part_id, one.kind,
        )  # fmt: skip
    if (more := len(damaged) - _MOST_TOLD) > 0:
        _log.warning("%d more vectors of %s are damaged", more, folder.name)
    try:
        with catalog.writing() as session:
            session.sources.read_again([one.record_id for one in damaged])
    except StorageError as error:
        _log.warning("the next run will not mend it: %s", error)
