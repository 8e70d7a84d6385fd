"""Duplicates found by a process of its own."""

import os
from collections.abc import Callable

from api.container import Container
from api.operations.apart.asker import Asker
from api.operations.apart.process import do_apart
from api.operations.copies import find_duplicates
from api.settings import Settings
from binocle.collection.beside_searches import NICE
from binocle.collection.collection import Collection
from search.copies.duplicates import Duplicates

_FEW = 200  # records, which take some seconds


def find_duplicates_apart(
    settings: Settings, collection: str, on_progress: Callable[[int, int], None]
) -> Duplicates:
    """Return what ``find_duplicates`` does, from a process, of low priority unless it is short.

    Args:
        settings: What was chosen.
        collection: Its own name.
        on_progress: As for ``find_duplicates``; told several times a second, also where nothing
            has changed. What it raises ends the process.

    Raises:
        BinocleError: What was raised there, by its code.
        RuntimeError: The process ended without an answer.
    """

    def told(progress: tuple[int, int] | None) -> None:
        on_progress(*(progress or (0, 0)))

    found: Duplicates = do_apart(_find, settings, collection, told=told)
    return found


def _find(asker: Asker, settings: Settings, name: str) -> Duplicates:
    container = Container(settings)
    with container.open_collection(name) as collection:
        _make_way(collection)
        with container.decoders() as decoders:
            return find_duplicates(
                container, collection, decoders, lambda done, total: asker.tell((done, total))
            )


def _make_way(collection: Collection) -> None:
    """Take a low priority, with all threads and processes to come; a few pictures take none."""
    with collection.reading() as session:
        records = session.records.count()
    if records > _FEW:
        os.nice(max(0, NICE - os.nice(0)))
