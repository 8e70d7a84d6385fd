"""The pictures that the cells of a table name."""

import ast
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePath

from binocle.files import lies_within, read_within
from binocle.media.images import SUFFIXES
from indexer.sources.base import NOT_ALLOWED, ImageRef, escaped, printable
from indexer.sources.remote.web_pictures import WEB, in_a_store, on_the_web, storable
from indexer.sources.stores.addresses import without_secrets
from indexer.sources.stores.remote_file import RemoteFile

_FOLDERS = ("", "images", "Images", "image", "photos", "pictures", "img")
_BETWEEN = ("|", ";", "\n", ",")
_MAX_LIST = 100_000  # characters
_MAGICS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"II*\x00", b"MM\x00*", b"BM")
_REMOTE = ("http://", "https://", "s3://", "gs://", "az://", "ftp://")
UNREACHABLE = "unreachable"
"""Instead of what tells whether a picture changed: it cannot be asked for just now."""


class PictureCells:
    """Finds the file that a cell means: beside the table, or in the folders usual there."""

    def __init__(
        self,
        table: Path,
        image_root: Path | None = None,
        allowed: Sequence[Path] = (),
        *,
        fetch: bool = False,
    ) -> None:
        """Set up.

        Args:
            table: Where the table lies, absolute.
            image_root: Where relative paths start instead.
            allowed: Folders, absolute and without symbolic links, outside which no cell may
                name a file; none to allow all. A table comes from whoever may write its folder,
                which is not who may read all that the process may.
            fetch: Whether cells may name pictures on the web, which are fetched from public
                addresses; and, where all folders are allowed, in any object store.
        """
        self._allowed, self._fetch = allowed, fetch
        self._beside = ""  # the folder of a table in a store
        if isinstance(table, RemoteFile) and image_root is None:
            self._beside = table.address.rpartition("/")[0]
            self._folders = [Path("/nowhere")]
        else:
            self._folders = [image_root] if image_root is not None else _usual_folders(table)

    @property
    def may_be_elsewhere(self) -> bool:
        """Whether cells may name what is asked for over a network."""
        return self._fetch or bool(self._beside)

    def names_of(self, cells: Iterable[str]) -> list[str]:
        """Return the pictures that some cells name, each once."""
        return list(dict.fromkeys(name for one in cells for name in self.names_in(one)))

    def names_in(self, cell: str) -> list[str]:
        """Return the pictures that a cell names: itself, or those of a list.

        Lists are of JSON or Python, or separated by ``|``, ``;``, lines or commas, where every one
        of them has a picture's suffix and the cell as a whole is no file.
        """
        if cell.startswith("[") and cell.endswith("]"):
            return _listed(cell) or [cell]
        if not any(mark in cell for mark in _BETWEEN) or self._place_of(cell) is not None:
            return [cell]
        for mark in _BETWEEN:
            names = [one.strip() for one in cell.split(mark) if one.strip()]
            if len(names) > 1 and all(map(_is_picture, names)):
                return names
        return [cell]

    def _place_of(self, cell: str) -> Path | None:
        """Return where a file lies that a cell names; its separators may be those of Windows."""
        for name in dict.fromkeys((cell, cell.replace("\\", "/"))):
            for folder in self._folders:
                path = folder / _expanded(name.removeprefix("file://"))
                with suppress(OSError, ValueError):
                    os.stat(path)
                    return path
        return None

    def find(self, cell: str, role: str) -> tuple[ImageRef, str]:
        """Return the picture a cell names, there or not, and what tells whether it changed."""
        if self._beside or cell.lower().startswith(_REMOTE):
            return self._find_elsewhere(cell, role)
        path = self._place_of(cell)
        if not lies_within(path or self._folders[0] / _expanded(cell), self._allowed):
            read = partial(_refuse, NOT_ALLOWED)
            return ImageRef(role, printable(cell), read, is_absent=True), "not-allowed"
        if path is not None:
            with suppress(OSError):  # it was removed just now
                status = os.stat(path)
                uri = escaped(str(path.absolute()))
                read = partial(read_within, path, self._allowed)
                image = ImageRef(role, uri, read, status.st_size)
                return image, f"{status.st_size}:{status.st_mtime_ns}"
        path = self._folders[0] / cell
        read = partial(read_within, path, self._allowed)
        return ImageRef(role, printable(str(path)), read, is_absent=True), "missing"

    def _find_elsewhere(self, cell: str, role: str) -> tuple[ImageRef, str]:
        is_web, is_address = cell.lower().startswith(WEB), cell.lower().startswith(_REMOTE)
        address = cell if is_address else f"{self._beside}/{cell}"
        is_beside = bool(self._beside) and address.startswith(f"{self._beside}/")
        try:
            if is_beside and ".." not in address.split("/"):
                return in_a_store(address, role)
            if self._fetch and is_web:
                return on_the_web(cell, role)
            if self._fetch and not self._allowed:
                return in_a_store(cell, role)
        except OSError as error:
            read = partial(_refuse, str(error.strerror or error))
            return ImageRef(role, without_secrets(address), read, is_absent=True), UNREACHABLE
        kept = storable(cell)
        reason = f"{kept} is not on this machine; download it first, or set BINOCLE_FETCH_URLS=true"
        return ImageRef(role, kept, partial(_refuse, reason), is_absent=True), "remote"


def embedded(cell: object) -> Iterator[bytes]:
    """Yield the pictures inside a cell: bytes, or the bytes and path that datasets keep."""
    if isinstance(cell, bytes):
        yield cell
    elif isinstance(cell, Mapping) and isinstance(cell.get("bytes"), bytes):
        yield cell["bytes"]
    elif isinstance(cell, list | tuple):
        for one in cell:
            yield from embedded(one)


def holds_pictures(cell: object) -> bool:
    """Tell whether a cell is of pictures by what is in it, whatever its column is called."""
    if isinstance(cell, list | tuple):
        return bool(cell) and all(map(holds_pictures, cell))
    if isinstance(cell, Mapping):
        return isinstance(cell.get("bytes"), bytes) or (
            "bytes" in cell and isinstance(cell.get("path"), str) and _is_picture(cell["path"])
        )
    if isinstance(cell, bytes):
        return cell.startswith(_MAGICS) or cell[4:8] == b"ftyp"
    if isinstance(cell, str):
        names = _listed(cell) or re.split(r"[|;,\n]", cell)
        return all(_is_picture(one.strip()) for one in names)
    return False


def _listed(cell: str) -> list[str]:
    """Return the texts of a list that is written as JSON or Python has it; none for another."""
    if len(cell) > _MAX_LIST or not cell.startswith("["):
        return []
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(found, list) and all(isinstance(one, str) for one in found):
            return [one.strip() for one in found if one.strip()]
    return []


def _is_picture(name: str) -> bool:
    return PurePath(name.partition("?")[0]).suffix.lower() in SUFFIXES


def _usual_folders(table: Path) -> list[Path]:
    return [table.parent / name for name in _FOLDERS if (table.parent / name).is_dir()]


def _expanded(cell: str) -> Path:
    try:
        return Path(cell).expanduser()
    except RuntimeError:  # nobody of this name is known here
        return Path(cell)


def _refuse(reason: str) -> bytes:
    raise OSError(reason)
