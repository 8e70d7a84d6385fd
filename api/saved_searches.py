"""Searches that somebody gave a name, to come back to them on any device.

A search is kept as the page's address says it: what stands behind the ``?``. They belong to the
name that people use for a collection, so those of an alias stay when it is switched.
"""

import json
import logging
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from api.shared_file import SharedFile
from binocle.errors import NotFoundError, StorageError, UsageError

_log = logging.getLogger(__name__)
MOST = 500
_FORMAT = 1
_Searches = Mapping[str, tuple["SavedSearch", ...]]
_NONE: _Searches = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search with a name.

    Attributes:
        name: What somebody called it.
        search: The page's address behind the ``?``.
        saved_at: ISO 8601, UTC.
    """

    name: str
    search: str
    saved_at: str


class SavedSearches:
    """The saved searches of a data home. Thread-safe."""

    def __init__(self, home: Path) -> None:
        path = home / "saved-searches.json"
        self._file = SharedFile(path, "the saved searches", _parsed, _NONE)

    def of(self, collection: str) -> Sequence[SavedSearch]:
        """Return those of a collection, by name.

        Raises:
            StorageError: The file cannot be read or is damaged.
        """
        return self._file.read().get(collection, ())

    def put(self, collection: str, name: str, search: str) -> SavedSearch:
        """Save a search, in the place of one of the same name, however that is cased.

        Raises:
            UsageError: The collection has too many already.
            BusyError, StorageError: The file cannot be changed.
        """
        saved = SavedSearch(name.strip(), search, datetime.now(UTC).isoformat(timespec="seconds"))
        with self._file.changing() as searches:
            there = searches.get(collection, ())
            others = [one for one in there if _same(one.name) != _same(name)]
            if len(others) >= MOST:
                raise UsageError(
                    f"{collection} has {MOST} saved searches, which is the most; remove one first"
                )
            self._write(searches, collection, [*others, saved])
        return saved

    def add_missing(self, collection: str, saved: Sequence[SavedSearch]) -> int:
        """Save searches whose names are not there; return how many others stay as they are.

        Raises:
            UsageError: The collection would have too many.
            BusyError, StorageError: The file cannot be changed.
        """
        if not saved:
            return 0
        with self._file.changing() as searches:
            there = {_same(one.name): one for one in searches.get(collection, ())}
            fresh = [one for one in saved if _same(one.name) not in there]
            if len(there) + len(fresh) > MOST:
                raise UsageError(f"{collection} would have more than {MOST} saved searches")
            self._write(searches, collection, [*searches.get(collection, ()), *fresh])
            known = [there.get(_same(one.name)) for one in saved]
        return sum(
            mine is not None and mine.search != one.search
            for one, mine in zip(saved, known, strict=True)
        )

    def remove(self, collection: str, name: str) -> None:
        """Remove a saved search, by its name as it is or however it is cased.

        Raises:
            NotFoundError: There is none of this name.
            BusyError, StorageError: The file cannot be changed.
        """
        with self._file.changing() as searches:
            there = searches.get(collection, ())
            others = [one for one in there if one.name != name]
            if len(others) == len(there):
                others = [one for one in there if _same(one.name) != _same(name)]
            if len(others) == len(there):
                raise NotFoundError(f"{collection} has no saved search {name!r}")
            self._write(searches, collection, others)

    def forget(self, collection: str) -> None:
        """Remove all of a collection, which is gone: where they cannot be, that is logged."""
        try:
            if self.of(collection):
                with self._file.changing() as searches:
                    self._write(searches, collection, [])
        except StorageError as error:
            _log.warning("the saved searches of %r stay: %s", collection, error)

    def _write(self, searches: _Searches, collection: str, changed: Sequence[SavedSearch]) -> None:
        rows = [
            {"collection": name, **asdict(one)}
            for name, some in sorted({**searches, collection: changed}.items())
            for one in sorted(some, key=lambda one: one.name)
        ]
        document = {"format": _FORMAT, "searches": rows}
        self._file.write(json.dumps(document, indent=1, ensure_ascii=False))


def _same(name: str) -> str:
    """Return what names have in common that a person takes for the same."""
    return unicodedata.normalize("NFC", name).strip().casefold()


def _parsed(text: str) -> _Searches:
    document = json.loads(text)
    if document["format"] > _FORMAT:
        raise ValueError("they were written by a newer Binocle; upgrade this one")
    found: dict[str, list[SavedSearch]] = defaultdict(list)
    for row in document["searches"]:
        found[row["collection"]].append(SavedSearch(row["name"], row["search"], row["saved_at"]))
    return {name: tuple(some) for name, some in found.items()}
