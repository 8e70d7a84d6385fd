"""The pictures that the cells of a table name."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from binocle.files import lies_within, read_within
from indexer.sources.base import NOT_ALLOWED, ImageRef, printable

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
            if not lies_within(path, self._allowed):
                return ImageRef(role, printable(cell), partial(_refuse, NOT_ALLOWED)), "not-allowed"
            try:
                status = os.stat(path)
            except (OSError, ValueError):
                continue
            uri = printable(str(path.absolute()))
            read = partial(read_within, path, self._allowed)
            image = ImageRef(role, uri, read, status.st_size)
            return image, f"{status.st_size}:{status.st_mtime_ns}"
        path = self._folders[0] / cell
        return ImageRef(
            role, printable(str(path)), partial(read_within, path, self._allowed)
        ), "missing"


def _usual_folders(table: Path) -> list[Path]:
    return [table.parent / name for name in _FOLDERS if (table.parent / name).is_dir()]


def _expanded(cell: str) -> Path:
    try:
        return Path(cell).expanduser()
    except RuntimeError:  # nobody of this name is known here
        return Path(cell)


def _refuse(reason: str) -> bytes:
    raise OSError(reason)
