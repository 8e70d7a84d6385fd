"""The likenesses of a collection, following the catalogue and saved beside it.

``fingerprint.faiss`` (features) and ``fingerprint.hashes`` are a cache, as the saved vector indices
are: ``fingerprint.stamp.json`` says what they hold, and where that does not agree with the
catalogue they are ignored and made anew. The features are mapped, not read, so that looking one
picture up among a million reads only what it compares.
"""

import json
import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from binocle.catalog.base import CatalogReader
from binocle.errors import StorageError
from binocle.files import replacing
from binocle.media.kinds import IMAGE

if TYPE_CHECKING:  # with OpenCV, which a search does without
    from binocle.vectors.fingerprints.fingerprint_index import FingerprintIndex

_log = logging.getLogger(__name__)
_FORMAT = 1
_SAVE_AFTER_ROWS = 5000
_SAVED_SHARE = 100  # a change of less than a hundredth is caught up from the catalogue instead


@dataclass(slots=True)
class _Position:
    change: int = -1
    filled: int = -1
    last_part_id: int = 0
    unsaved: int = 0


class FingerprintFollower:
    """Keeps a ``FingerprintIndex`` in step with a catalogue. Thread-safe."""

    def __init__(
        self, read: Callable[[], AbstractContextManager[CatalogReader]], path: Path
    ) -> None:
        """Set up; nothing is read yet.

        Args:
            read: Gives a session that sees one state of the catalogue.
            path: The collection's folder, where the index is saved.
        """
        self._read = read
        self._path = path
        self._lock = threading.Lock()
        self._index: FingerprintIndex | None = None
        self._position = _Position()
        self.missing = 0

    def index(self) -> "FingerprintIndex":
        """Return the index, caught up with the catalogue.

        After this ``missing`` tells how many pictures of the catalogue have no likeness yet: those
        indexed before there were any.
        """
        with self._lock:
            is_first = self._index is None
            index = self._caught_up()
            if is_first and self._position.unsaved >= _SAVE_AFTER_ROWS:
                self._save(index)
            return index

    def save(self, *, every_change: bool = False) -> None:
        """Write the index beside the catalogue; a failure is logged and not raised.

        Args:
            every_change: Also where little has changed since it was written.
        """
        with self._lock:
            index = self._caught_up()
            least = 0 if every_change else index.count // _SAVED_SHARE
            if self._position.unsaved > least:
                self._save(index)

    def _caught_up(self) -> "FingerprintIndex":
        with self._read() as session:
            change = session.history.change()
            filled = session.fingerprints.times_filled()
            index, position = self._index, self._position
            if index is not None and (change, filled) == (position.change, position.filled):
                return index
            if index is None or self._is_useless(session, filled):
                index, position = self._start(session, filled)
            elif session.history.newest_part() - position.last_part_id > _SAVE_AFTER_ROWS:
                saved = self._opened(session, filled)  # another process may have been ahead
                if saved is not None and saved[1].last_part_id > position.last_part_id:
                    index, position = saved
            if position.last_part_id:
                position.unsaved += index.remove(session.history.removed_parts(position.change))
            for rows in session.fingerprints.after(position.last_part_id):
                index.add(rows.part_ids, rows.hashes, rows.features)
                position.last_part_id = int(rows.part_ids[-1])
                position.unsaved += len(rows.part_ids)
            position.last_part_id = session.history.newest_part()
            self.missing = session.parts.count()[IMAGE] - index.count
            position.change = change
            self._index, self._position = index, position
            return index

    def _is_useless(self, session: CatalogReader, filled: int) -> bool:
        behind = session.history.removals_known_after() > self._position.change
        return behind or filled != self._position.filled

    def _start(self, session: CatalogReader, filled: int) -> tuple["FingerprintIndex", _Position]:
        """Return what was saved, or an empty start."""
        from binocle.vectors.fingerprints.fingerprint_index import FingerprintIndex

        return self._opened(session, filled) or (FingerprintIndex(), _Position(filled=filled))

    def _opened(
        self, session: CatalogReader, filled: int
    ) -> "tuple[FingerprintIndex, _Position] | None":
        """Return what was saved where it can be trusted."""
        from binocle.vectors.fingerprints.fingerprint_index import FingerprintIndex

        features, hashes, stamp_path = self._files()
        try:
            stamp = json.loads(stamp_path.read_text())
            position = _Position(int(stamp["change"]), filled, int(stamp["last_part_id"]))
            if (stamp["format"], stamp["filled"]) != (_FORMAT, filled):
                raise StorageError("it was made from other likenesses")
            if stamp["token"] != session.history.token(position.change):
                raise StorageError("it belongs to another history of the catalogue")
            if session.history.removals_known_after() > position.change:
                raise StorageError("it is too old")
            return FingerprintIndex.opened(features, hashes, stamp["files"]), position
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, StorageError) as error:
            _log.warning(
                "ignoring the saved likenesses of %s and making them anew: %s",
                self._path.name, error,
            )  # fmt: skip
            return None

    def _save(self, index: "FingerprintIndex") -> None:
        features, hashes, stamp = self._files()
        position = self._position
        with self._read() as session:
            token = session.history.token(position.change)
        try:
            # What is opened first takes its place last: the stamp, when the rest is there.
            with (
                replacing(stamp) as stamp_file,
                replacing(hashes) as hashes_file,
                replacing(features) as features_file,
            ):
                facts = {
                    "format": _FORMAT,
                    "token": token,
                    "change": position.change,
                    "filled": position.filled,
                    "last_part_id": position.last_part_id,
                    "files": index.save(Path(features_file.name), Path(hashes_file.name)),
                }
                stamp_file.write(json.dumps(facts).encode())
                stamp.unlink(missing_ok=True)  # meanwhile there is no valid cache
            position.unsaved = 0
        except OSError as error:
            _log.warning("could not save the likenesses of %s: %s", self._path.name, error)

    def _files(self) -> tuple[Path, Path, Path]:
        """Return where features, hashes and the stamp are saved."""
        folder = self._path
        return (
            folder / "likeness.faiss",
            folder / "likeness.hashes",
            folder / "likeness.stamp.json",
        )
