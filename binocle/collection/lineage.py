"""Whether a catalogue is the one that the files beside it were made with.

Uploaded pictures and indices are of some moment of their catalogue. After each transaction the
number and the token of its change are noted beside the catalogue, in ``catalog.mark``. A catalogue
that is empty, or does not know the change noted last, was cut off, copied without its log of recent
changes, or put back from an older copy: whoever went on with it would take the pictures of
acknowledged records for pictures that nobody needs. So it is refused.

The note is written after the commit it is about and is not synchronised, so that it may be older
than the catalogue, and never newer.
"""

import json
import logging
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from binocle.catalog.base import CatalogReader
from binocle.errors import StorageError
from binocle.files import replacing

MARK = "catalog.mark"
_BESIDE = ("uploads/*/*", "*.stamp.json", MARK)
_log = logging.getLogger(__name__)


class Changes(Protocol):
    """The changes that a catalogue knows."""

    def change(self) -> int:
        """Return the number of the newest."""
        ...

    def token(self, number: int) -> str | None:
        """Return what tells a change from another one of its number; None where it is unknown."""
        ...


def note(folder: Path, change: int, token: str | None) -> None:
    """Note the change that was committed last; where it cannot be written, an older note stays."""
    text = f"{change} {token}"
    try:
        with replacing(folder / MARK, durable=False) as file:
            file.write(json.dumps({"newest": text, "crc32": zlib.crc32(text.encode())}).encode())
    except OSError as error:
        _log.debug("%s is not written: %s", folder / MARK, error)


def check_present(catalog: Path) -> None:
    """Refuse to make a catalogue where there was one.

    Args:
        catalog: Where its file should be.

    Raises:
        StorageError: It is not there or empty, and what belongs to one lies beside it.
    """
    is_there = catalog.is_file() and catalog.stat().st_size > 0
    if not is_there and (found := lies_beside(catalog)) is not None:
        what = "is empty" if catalog.is_file() else "is gone"
        raise StorageError(
            f"the catalogue {catalog} {what}, but {found.relative_to(catalog.parent)} lies beside "
            "it: restore the collection from a backup; to give it up, move the folder "
            f"{catalog.parent} away and index again"
        )


def lies_beside(catalog: Path) -> Path | None:
    """Return something that only a catalogue brings about; None where there was none yet."""
    return next((path for one in _BESIDE for path in catalog.parent.glob(one)), None)


def check_newest(folder: Path, session: CatalogReader) -> None:
    """Refuse a catalogue that lacks the change noted last.

    Raises:
        StorageError: It is older than what lies beside it, or has another history.
    """
    what = misfit(noted(folder), session.history)
    if what is not None:
        raise StorageError(
            f"the catalogue of {folder} {what}: put the right catalog.sqlite back, with its -wal "
            "file, or restore the collection, or its schema of PostgreSQL, from a backup; to go on "
            "with this one all the same, "
            f"remove {folder / MARK}: pictures without a record then go to the folder 'quarantine' "
            "after a week"
        )


def misfit(mark: tuple[int, str] | None, history: Changes) -> str | None:
    """Return how a catalogue does not fit the change that was noted; None where it does.

    Args:
        mark: From ``noted``, read before the catalogue.
        history: The catalogue's changes.
    """
    if mark is None:
        return None
    change, token = mark
    newest, known = history.change(), history.token(change)
    if change <= newest and known in (None, token):
        return None
    what = "is older than" if change > newest else "has another history than"
    return f"{what} what lies beside it (change {newest}, noted is {change})"


def noted(folder: Path) -> tuple[int, str] | None:
    """Return number and token of the newest change noted; None where no whole note is there."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        mark = json.loads((folder / MARK).read_bytes())
        text = mark["newest"]
        if zlib.crc32(text.encode()) == mark["crc32"]:
            number, token = text.split()
            return int(number), token
    return None
