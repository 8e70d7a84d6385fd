"""Which picture of a folder a sidecar belongs to: the one whose name is its longest prefix.

``a.txt``, ``a.jpg.json`` and ``a.cls.txt`` are beside ``a.jpg``; names may have dots. Google
Takeout adds ``.supplemental-metadata`` or the beginning of it, cuts names, and numbers them behind
the suffix: ``a.jpg(1).json`` is of ``a(1).jpg``. Source of WebDataset's layout, where ``000.txt``
and ``000.caption.txt`` are of ``000.left.jpg`` where no name is nearer:
https://github.com/webdataset/webdataset#the-webdataset-format.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from posixpath import splitext

from binocle.media.images import SUFFIXES

SIDECAR_SUFFIXES = (".txt", ".caption", ".json", ".xmp")
MAX_SIDECAR_BYTES = 1024 * 1024
_TAKEOUT = "supplemental-metadata"
_CUT_AT = 40  # characters that a name has at least where Takeout cuts it
_COUNTED = re.compile(r"(.+?)(\.[^.()]+)?\((\d+)\)")
_OF_TEXTS = (".caption", ".captions", ".text", ".txt", ".label", ".cls", ".prompt", ".metadata")
_EDITED = "-edited"


def is_sidecar(name: str, size_bytes: int) -> bool:
    """Tell whether a file is one that may be read beside a picture."""
    return name.lower().endswith(SIDECAR_SUFFIXES) and size_bytes <= MAX_SIDECAR_BYTES


def is_picture(name: str) -> bool:
    """Tell whether a file is a picture by its name."""
    return splitext(name)[1].lower() in SUFFIXES


class PictureNames:
    """The names of a folder's pictures, without the folder."""

    def __init__(self, names: Iterable[str]) -> None:
        """Set up."""
        self._known: dict[str, dict[str, None]] = {}
        self._keys: dict[str, dict[str, None]] = {}
        self._names = sorted(set(names))
        for name in self._names:
            stem = _stem(name)
            for one in (name, stem):
                self._known.setdefault(one, {})[name] = None
                self._known.setdefault(one.casefold(), {})[name] = None
            self._keys.setdefault(stem.partition(".")[0], {})[name] = None

    def owners(self, sidecar: str, title: str = "") -> list[str]:
        """Return the pictures that a sidecar is beside: one, those of one stem, or none.

        Args:
            sidecar: Its file name.
            title: The file name that it says its picture had.
        """
        base = _stem(sidecar)
        owners = next(filter(None, map(self._of, _readings(base))), [])
        if not owners and title:
            owners = self._of(title)
        if not owners and len(base) >= _CUT_AT:
            place = bisect_left(self._names, base)
            cut = [one for one in self._names[place : place + 2] if one.startswith(base)]
            owners = cut if len(cut) == 1 else []
        if not owners:
            key = next((base.removesuffix(one) for one in _OF_TEXTS if base.endswith(one)), base)
            owners = list(self._keys.get(key, ()))
        if sidecar.lower().endswith(".json") and len(owners) == 1:
            path = PurePosixPath(owners[0])
            owners += self._known.get(f"{path.stem}{_EDITED}{path.suffix}", ())
        return owners

    def _of(self, name: str) -> list[str]:
        return list(self._known.get(name) or self._known.get(name.casefold()) or ())


def _stem(name: str) -> str:
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name


def _readings(base: str) -> Iterator[str]:
    """Yield what a picture may be called whose sidecar has this name, the likeliest first."""
    yield base
    counted = _COUNTED.fullmatch(base)
    if counted:
        name, behind, number = counted[1], counted[2] or "", counted[3]
        if _is_cut_mark(behind):
            path = PurePosixPath(name)
            yield f"{path.stem}({number}){path.suffix}"
        elif behind.lower() in SUFFIXES:
            yield f"{name}({number}){behind}"
    while "." in base:
        base = base.rpartition(".")[0]
        if base:
            yield base


def _is_cut_mark(behind: str) -> bool:
    return len(behind) > 1 and _TAKEOUT.startswith(behind[1:])
