"""Which picture of a folder a sidecar belongs to: the one whose name is its longest prefix.

``a.txt``, ``a.jpg.json`` and ``a.cls.txt`` are beside ``a.jpg``; names may have dots. Google
Takeout adds ``.supplemental-metadata`` or the beginning of it, cuts names, and numbers them behind
the suffix: ``a.jpg(1).json`` is of ``a(1).jpg``. What it says is also of the copy that was changed,
``a-edited.jpg``, whose mark is in the language of the account. Source of WebDataset's layout, where
``000.txt`` and ``000.caption.txt`` are of ``000.left.jpg`` where no name is nearer:
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
_NUMBERED = re.compile(r"(.+)(\(\d+\))")
_OF_TEXTS = (".caption", ".captions", ".text", ".txt", ".label", ".cls", ".prompt", ".metadata")
_CHANGED = (  # behind the stem of a copy that has no sidecar of its own, in the account's language
    "-edited", "-effects", "-smile", "-mix", "-collage", "-animation", "-motion",
    "-bearbeitet", "-bewerkt", "-edytowane", "-modifié", "-modificato", "-editado", "-editada",
    "-ha editado", "-editat", "-redigeret", "-redigert", "-redigerad", "-muokattu", "-upravené",
    "-编辑", "-已编辑", "-已修改", "-編輯", "-已編輯", "-編集済み", "-편집됨",
)  # fmt: skip


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
        is_json = sidecar.lower().endswith(".json")
        whole, parts = [base, *_numbered(base)], [*_beginnings(base)]
        ways = [(self._of, whole), (self._of, parts)]
        if len(base) >= _CUT_AT:
            ways.insert(1, (self._begun, whole))
        owners = next(filter(None, (look(name) for look, names in ways for name in names)), [])
        if not owners and title:
            owners = self._of(title)
        if not owners and is_json:
            owners = next(filter(None, map(self._changed, whole + parts)), [])
        if not owners:
            key = next((base.removesuffix(one) for one in _OF_TEXTS if base.endswith(one)), base)
            owners = list(self._keys.get(key, ()))
        if is_json and len(owners) == 1:
            owners += self._changed(owners[0])
        return owners

    def _begun(self, name: str) -> list[str]:
        """Return the one picture whose name goes on from this; none where there are several."""
        place = bisect_left(self._names, name)
        begun = [one for one in self._names[place : place + 2] if one.startswith(name)]
        return begun if len(begun) == 1 else []

    def _changed(self, name: str) -> list[str]:
        """Return the copies that were changed: those of ``a(1).jpg`` are ``a-edited(1).jpg``."""
        path = PurePosixPath(name)
        numbered = _NUMBERED.fullmatch(path.stem)
        stem, number = numbered.groups() if numbered else (path.stem, "")
        return [one for mark in _CHANGED for one in self._of(f"{stem}{mark}{number}{path.suffix}")]

    def _of(self, name: str) -> list[str]:
        return list(self._known.get(name) or self._known.get(name.casefold()) or ())


def _stem(name: str) -> str:
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name


def _numbered(base: str) -> Iterator[str]:
    """Yield what a picture is called whose sidecar has a number behind it."""
    counted = _COUNTED.fullmatch(base)
    if counted:
        name, behind, number = counted[1], counted[2] or "", counted[3]
        if _is_cut_mark(behind):
            path = PurePosixPath(name)
            yield f"{path.stem}({number}){path.suffix}"
        elif behind.lower() in SUFFIXES:
            yield f"{name}({number}){behind}"


def _beginnings(base: str) -> Iterator[str]:
    """Yield a name without its last parts, the longest first."""
    while "." in base:
        base = base.rpartition(".")[0]
        if base:
            yield base


def _is_cut_mark(behind: str) -> bool:
    return len(behind) > 1 and _TAKEOUT.startswith(behind[1:])
