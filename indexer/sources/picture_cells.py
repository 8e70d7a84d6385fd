"""The pictures that the cells of a table name."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from binocle.files import read_regular
from indexer.sources.base import ImageRef, printable

_FOLDERS = ("", "images", "Images", "image", "photos", "pictures", "img")
_REMOTE = ("http://", "https://", "s3://", "gs://", "ftp://")


class PictureCells:
    """Finds the file that a cell means: beside the table, or in the folders usual there."""

    def __init__(
        self, table: Path, image_root: Path | None = None, allowed: Sequence[Path] = ()
    ) -> None:
        """Set up.

        Args:
            table: Where the table lies, absolute.
            image_root: Where relative paths start instead.
            allowed: Folders, absolute and without symbolic links, outside which no cell may
                name a file; none to allow all. A table comes from whoever may write its folder,
                which is not who may read all that the process may.
        """
        self._allowed = allowed
        self._folders = [image_root] if image_root is not None else _usual_folders(table)

    def find(self, cell: str, role: str) -> tuple[ImageRef, str]:
        """Return the picture a cell names, there or not, and what tells whether it changed."""
        if cell.lower().startswith(_REMOTE):
            reason = f"{cell} is not on this machine; download it first"
            return ImageRef(role, cell, partial(_refuse, reason)), "remote"
        for folder in self._folders:
            path = folder / _expanded(cell.removeprefix("file://"))
            if not self._is_allowed(path):
                reason = "it lies outside the folders that the operator allows, BINOCLE_SOURCES"
                return ImageRef(role, printable(cell), partial(_refuse, reason)), "not-allowed"
            try:
                status = os.stat(path)
            except (OSError, ValueError):
                continue
            uri = printable(str(path.absolute()))
            image = ImageRef(role, uri, partial(self._read, path), status.st_size)
            return image, f"{status.st_size}:{status.st_mtime_ns}"
        path = self._folders[0] / cell
        return ImageRef(role, printable(str(path)), partial(self._read, path)), "missing"

    def _is_allowed(self, path: Path) -> bool:
        if not self._allowed:
            return True
        try:
            real = path.resolve()
        except (OSError, ValueError, RuntimeError):  # a NUL, a circle of links
            return False
        return any(folder in real.parents for folder in self._allowed)

    def _read(self, path: Path) -> bytes:
        if not self._is_allowed(path):  # it may have become a link since it was found
            _refuse("it lies outside the folders that the operator allows")
        return read_regular(path)


def _usual_folders(table: Path) -> list[Path]:
    return [table.parent / name for name in _FOLDERS if (table.parent / name).is_dir()]


def _expanded(cell: str) -> Path:
    try:
        return Path(cell).expanduser()
    except RuntimeError:  # nobody of this name is known here
        return Path(cell)


def _refuse(reason: str) -> bytes:
    raise OSError(reason)
