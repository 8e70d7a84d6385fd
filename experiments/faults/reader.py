"""A process that searches a collection all the time, beside the one that has the faults."""

import time
from pathlib import Path
from typing import NoReturn

import numpy as np

from binocle.collection.collection import Collection
from binocle.encoders.base import unit_rows
from binocle.errors import NotFoundError
from binocle.media.kinds import KINDS

_PAUSE_S = 0.05


def follow(folder: Path) -> NoReturn:
    """Search until killed; whatever is raised ends the process with a traceback.

    Args:
        folder: The collection's; it may not be there yet.
    """
    while True:
        try:
            with Collection(folder) as collection:
                while True:
                    _search(collection)
                    time.sleep(_PAUSE_S)
        except NotFoundError:
            time.sleep(_PAUSE_S)


def _search(collection: Collection) -> None:
    space = collection.space
    if space is None:
        return
    snapshot = collection.snapshot()
    query = unit_rows(np.ones((1, space.dimension), np.float32))
    for kind in KINDS:
        snapshot.nearest(kind, query, 3)
