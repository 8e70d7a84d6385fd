"""The likenesses of a collection in memory, following the catalogue."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from binocle.catalog import likeness, reading
from binocle.catalog.database import Connection
from binocle.vectors.likeness_index import LikenessIndex


@dataclass(slots=True)
class _Position:
    change: int = -1
    filled: int = -1
    last_part_id: int = 0


class KnownPictures:
    """Keeps a ``LikenessIndex`` in step with a catalogue. Thread-safe."""

    def __init__(self, read: Callable[[], AbstractContextManager[Connection]]) -> None:
        """Set up; nothing is read yet.

        Args:
            read: Gives a connection that sees one state of the catalogue.
        """
        self._read = read
        self._lock = threading.Lock()
        self._index = LikenessIndex()
        self._position = _Position()
        self.missing = 0

    def index(self) -> LikenessIndex:
        """Return the index, caught up with the catalogue.

        After this ``missing`` tells how many pictures of the catalogue have no likeness yet: those
        indexed before there were any.
        """
        with self._lock, self._read() as connection:
            change = reading.change(connection)
            filled = likeness.times_filled(connection)
            if (change, filled) != (self._position.change, self._position.filled):
                self._catch_up(connection, change, filled)
            return self._index

    def _catch_up(self, connection: Connection, change: int, filled: int) -> None:
        position = self._position
        if filled != position.filled or likeness.removals_known_after(connection) > position.change:
            self._index, position.last_part_id = LikenessIndex(), 0
        elif position.last_part_id:
            self._index.remove(reading.removed_since(connection, position.change))
        for rows in likeness.likenesses_after(connection, position.last_part_id):
            self._index.add(rows.part_ids, rows.hashes, rows.features)
            position.last_part_id = int(rows.part_ids[-1])
        self.missing = reading.count_parts(connection)["image"] - self._index.count
        self._position = _Position(change, filled, position.last_part_id)
