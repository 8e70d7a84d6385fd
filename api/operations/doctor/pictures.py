"""Kept pictures: uploads, what was put aside, what was made of them, and originals elsewhere."""

import hashlib
import json
import re
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from binocle.catalog.catalog_file import CatalogFile
from binocle.catalog.checks.findings import Finding, fact, some
from binocle.errors import BinocleError
from binocle.vectors.tuned_search import ENDING, TunedSearch
from indexer import kept_uploads
from indexer.kept_uploads import QUARANTINE
from indexer.sources.uploads import SCHEME, UploadSource
from indexer.stored_media import DERIVED, StoredMedia

BACKGROUND = "background.npz"
_NAME = re.compile(r"[0-9a-f]{64}")
_DERIVED_NAME = re.compile(r"([0-9a-f]{64})(-\d+\.(jpg|webp|png))?")
_PAUSE_S = 1.0
_MISSING, _DAMAGED, _ASIDE = "missing", "damaged", "aside"
_JPEG = (b"\xff\xd8", b"\xff\xd9")
_RESTORE = "put the picture back from a backup, or store or remove the record"


def check_uploads(folder: Path, file: CatalogFile, *, with_contents: bool) -> Iterator[Finding]:
    """Find uploads that are missing or damaged, and files that no record has.

    Args:
        folder: The collection's.
        file: Its catalogue.
        with_contents: Read every upload and hold it against its SHA-256.
    """
    needed = {uri.removeprefix(SCHEME) for uri in file.uris(SCHEME)}
    kept = needed if kept_uploads.keeps_pictures(folder) else set[str]()
    wrong = _wrong_uploads(folder, kept, with_contents=with_contents)
    if wrong:  # unless it is the record that is gone by now, or the picture that is there
        with file.later() as later:
            still = {uri.removeprefix(SCHEME) for uri in later.uris(SCHEME)}
        wrong = _wrong_uploads(folder, still & wrong.keys(), with_contents=with_contents)
    missing, damaged, aside = (
        [name + reason[len(what) :] for name, reason in wrong.items() if reason.startswith(what)]
        for what in (_MISSING, _DAMAGED, _ASIDE)
    )
    if missing:
        yield Finding("uploads", f"uploads that records have are gone: {some(missing)}", _RESTORE)
    if damaged:
        yield Finding("uploads", f"uploads are not what they were: {some(damaged)}", _RESTORE)
    if aside:
        message = f"uploads that records have lie in quarantine: {some(aside)}"
        yield Finding("uploads", message, "--repair puts them back", repair="uploads")
    yield from _check_orphans(folder, file, needed)


def _wrong_uploads(folder: Path, names: set[str], *, with_contents: bool) -> dict[str, str]:
    """Return what is wrong with uploads, by name: missing, damaged and why, or aside."""
    source = UploadSource(folder)
    wrong = {}
    for name in sorted(names):
        if not _NAME.fullmatch(name):
            continue  # told of the parts
        path = source.file_of(SCHEME + name)
        try:
            status = path.lstat()
            is_whole = stat.S_ISREG(status.st_mode) and status.st_size > 0
            if not is_whole or (with_contents and _sha256(path) != name):
                wrong[name] = _DAMAGED
        except FileNotFoundError:
            spare = folder / QUARANTINE / path.relative_to(folder)
            wrong[name] = _ASIDE if spare.is_file() else _MISSING
        except OSError as error:
            wrong[name] = f"{_DAMAGED} ({error.strerror})"
    return wrong


def orphans_of(folder: Path, needed: set[str]) -> list[Path]:
    """Return the files among the uploads that no record has, but for those being written."""
    found = (path for path in (folder / "uploads").rglob("*") if not path.is_dir())
    return sorted(
        path
        for path in found
        if path.name not in needed or path.parent.name != path.name[:2]
        if not path.name.endswith(".tmp")
    )


def _check_orphans(folder: Path, file: CatalogFile, needed: set[str]) -> Iterator[Finding]:
    orphans = orphans_of(folder, needed)
    if orphans:
        time.sleep(_PAUSE_S)  # whoever just wrote or found one is about to write its record
        with file.later() as later:
            needed = {uri.removeprefix(SCHEME) for uri in later.uris(SCHEME)}
        still = set(orphans_of(folder, needed))
        orphans = [path for path in orphans if path in still]
    names = some(path.relative_to(folder) for path in orphans)
    message = f"files among the uploads have no record: {names}"
    if kept_uploads.are_too_many(len(orphans), len(needed) + len(orphans)):
        remedy = "these are too many to believe: compare the catalogue with a backup"
        yield Finding("uploads", message, remedy)
    elif orphans:
        yield Finding("uploads", message, "--repair puts them into quarantine", repair="orphans")
    spare = [path for path in (folder / QUARANTINE).rglob("*") if path.is_file()]
    if spare := [path for path in spare if path.name not in needed]:
        yield fact(
            "quarantine", f"files that no record has lie in quarantine: {len(spare):,}",
            f"remove {folder / QUARANTINE} when you are sure",
        )  # fmt: skip


def check_derived(folder: Path, file: CatalogFile) -> Iterator[Finding]:
    """Find thumbnails and unpacked originals of pictures that are gone, or that are damaged."""
    left, damaged = _derived(folder, file)
    for what, paths in (("have no record any more", left), ("are damaged", damaged)):
        if paths:
            names = some(path.relative_to(folder) for path in paths)
            yield Finding(
                "derived", f"files made of pictures {what}: {names}",
                "--repair removes them; they are made anew when they are wanted", repair="derived",
            )  # fmt: skip


def derived_to_remove(folder: Path, file: CatalogFile) -> list[Path]:
    """Return the thumbnails and unpacked originals that are to go."""
    left, damaged = _derived(folder, file)
    return [*left, *damaged]


def _derived(folder: Path, file: CatalogFile) -> tuple[list[Path], list[Path]]:
    """Return what is of no record any more, and what is damaged; those are looked at twice."""
    paths = [path for kind in DERIVED for path in sorted((folder / kind).rglob("*"))]
    paths = [path for path in paths if not path.is_dir() and not path.name.endswith(".tmp")]
    left, damaged = _wrong_derived(paths, file)
    if left or damaged:
        time.sleep(_PAUSE_S)  # for whoever just stores or removes a record
        with file.later() as later:
            left, damaged = _wrong_derived([*left, *damaged], later)
    return left, damaged


def _wrong_derived(paths: Sequence[Path], file: CatalogFile) -> tuple[list[Path], list[Path]]:
    contents = {row[0].hex() for row in file.rows("SELECT DISTINCT sha256 FROM parts")}
    left, damaged = [], []
    for path in paths:
        match = _DERIVED_NAME.fullmatch(path.name)
        if match is None or match[1] not in contents:
            left.append(path)
        elif not _is_whole(path, match[1], is_original=match[2] is None):
            damaged.append(path)
    return [path for path in left if path.exists()], [path for path in damaged if path.exists()]


def _is_whole(path: Path, sha256: str, *, is_original: bool) -> bool:
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return False  # a link leads elsewhere, a pipe would never end
        if is_original:
            return _sha256(path) == sha256
        data = path.read_bytes()
    except OSError:
        return False
    if path.suffix == ".webp":  # a RIFF file: its length, less 8, stands behind the first word
        length = int.from_bytes(data[4:8], "little") + 8
        return data[:4] == b"RIFF" and data[8:12] == b"WEBP" and len(data) == length
    if path.suffix != ".jpg":
        return bool(data)
    return data.startswith(_JPEG[0]) and data.endswith(_JPEG[1])


def check_originals(
    folder: Path,
    file: CatalogFile,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Iterator[Finding]:
    """Tell of pictures that have changed, or are gone, where they were indexed.

    Args:
        folder: The collection's.
        file: Its catalogue.
        on_progress: Told how many pictures have been read, and of how many.
    """
    query = "SELECT DISTINCT uri, sha256, info FROM parts WHERE kind = 'image' ORDER BY uri"
    pictures = [row for row in file.rows(query) if not row[0].startswith(SCHEME)]
    media = StoredMedia(folder)
    changed, gone = [], []
    for number, (uri, sha256, _) in enumerate(pictures, 1):
        try:
            path = Path(uri)
            if path.exists() and not path.is_file():
                raise BinocleError("it is no file")  # a pipe would never end
            if hashlib.sha256(media.read(uri)).digest() != sha256:
                changed.append(uri)
        except (BinocleError, OSError, ValueError):
            gone.append(uri)
        on_progress(number, len(pictures))
    if changed:
        message = f"pictures have changed since they were indexed: {some(changed)}"
        yield fact("originals", message, "'binocle index' reads them anew")
    if gone:
        message = f"pictures are not where they were indexed: {some(gone)}"
        yield fact("originals", message, "'binocle index' removes what is gone for good")


def check_caches(folder: Path, file: CatalogFile) -> Iterator[Finding]:
    """Find damaged files of what relevance is calibrated by, and of what was tuned."""
    for path, error in damaged_caches(folder, file):
        anew = "binocle tune makes it anew" if path.name.endswith(ENDING) else "it is made anew"
        yield Finding(
            "derived", f"{path.name} is damaged ({error})",
            f"--repair removes it; {anew} when it is wanted", repair="derived",
        )  # fmt: skip


def damaged_caches(folder: Path, file: CatalogFile) -> Iterator[tuple[Path, Exception]]:
    """Yield the damaged ones, and what is wrong with each."""
    space = json.loads(file.value("space") or "{}")
    for path in sorted(folder.glob(f"*{ENDING}")):
        try:
            TunedSearch.parsed(path.read_text())
        except (OSError, ValueError) as error:
            yield path, error
    if (folder / BACKGROUND).exists():
        try:
            _check_background(folder / BACKGROUND, space)
        except Exception as error:  # numpy and zipfile raise many kinds for a damaged file
            yield folder / BACKGROUND, error


def _check_background(path: Path, space: Mapping[str, Any]) -> None:
    import numpy as np

    with np.load(path, allow_pickle=False) as saved:
        rows, stamp = saved["rows"], json.loads(str(saved["stamp"]))
    if rows.ndim != 2 or not np.isfinite(rows).all() or not isinstance(stamp, list):
        raise ValueError("it holds something else")
    if stamp[1] == space.get("fingerprint") and rows.shape[1] != space["dimension"]:
        raise ValueError("its vectors have another dimension")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
