"""Duplicates as a table and as JSON for programs, and what a person must know of them."""

import csv
import io
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from api.operations.plurals import counted
from binocle.errors import StorageError

if TYPE_CHECKING:  # with OpenCV, which whoever only writes a file does without
    from search.copies.clusters import Member
    from search.copies.duplicates import Duplicates

PAGE_SUFFIXES = (".html", ".htm")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_COLUMNS = (
    "cluster", "keep", "verdict", "confidence", "id", "uri", "width", "height", "bytes", "why",
)  # fmt: skip


def as_json_object(found: "Duplicates", collection: str) -> dict[str, object]:
    """Return duplicates as a JSON object."""
    return {
        "collection": collection,
        "clusters": [
            {"keep": _member(one.keep), "others": [_member(other) for other in one.others]}
            for one in found.clusters
        ],
        "reclaimable_bytes": found.reclaimable_bytes,
        "pictures": found.pictures,
        "compared": found.compared,
        "unprepared": found.unprepared,
        "unreadable": found.unreadable,
        "crowded": found.crowded,
    }


def warnings_of(found: "Duplicates") -> list[str]:
    """Return what a person must know of pictures that were left out, one sentence each."""
    warnings = []
    if found.unprepared:
        warnings.append(
            f"{counted(found.unprepared, 'picture')} with nothing to be known again by left out; "
            "index their source again"
        )
    if found.unreadable:
        warnings.append(
            f"{counted(found.unreadable, 'picture')} could not be read and not be compared, as if "
            "moved or removed; bring them back, or index where they are now"
        )
    if found.crowded:
        warnings.append(
            f"{counted(found.crowded, 'picture')} with more look-alikes than are compared, as "
            "those of a camera that never moves have: only the nearest were, so copies among "
            "them may be missing"
        )
    return warnings


def check_writable(path: Path, *suffixes: str) -> None:
    """Refuse a file that cannot be written, before the work for it begins.

    Args:
        path: The file.
        suffixes: What its name may end in, as other programs go by it; any by default.

    Raises:
        StorageError: Its folder is not there, it or the folder may not be written, or its name
            ends otherwise.
    """
    reason = ""
    if path.is_dir():
        reason = "it is a folder"
    elif not path.parent.is_dir():
        reason = f"there is no folder {path.parent}"
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        reason = "it may not be written"
    elif suffixes and path.suffix.lower() not in suffixes:
        reason = f"what is written there is a {suffixes[0]} file, and its name ends otherwise"
    if reason:
        raise StorageError(f"cannot write {path} ({reason}); name another file")


def write_text(path: Path, text: str) -> None:
    """Write a text to a file; names of files that are no UTF-8 stand in it byte by byte.

    Raises:
        StorageError: The file cannot be written.
    """
    write_file(path, text.encode("utf-8", "surrogateescape"))


def write_file(path: Path, data: bytes) -> None:
    """Write bytes to a file.

    Raises:
        StorageError: The file cannot be written.
    """
    try:
        path.write_bytes(data)
    except OSError as error:
        raise StorageError(f"cannot write {path} ({error.strerror})") from error


def csv_of(found: "Duplicates", uri_of: Callable[[str], str] = str) -> str:
    """Return a line for each picture of a cluster, the one to keep first.

    Args:
        found: The clusters.
        uri_of: What becomes of each uri.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(_COLUMNS)
    for number, cluster in enumerate(found.clusters, 1):
        for one in (cluster.keep, *cluster.others):
            is_kept = one is cluster.keep
            # Who removes files by this table must not remove the one that a record shares.
            shares = one.part.uri == cluster.keep.part.uri and Path(one.part.uri).is_absolute()
            keeps = "yes" if is_kept or shares else "no"
            verdict = "keep" if is_kept else one.verdict
            writer.writerow(
                (number, keeps, verdict, one.confidence, as_cell(one.record_id),
                 as_cell(uri_of(one.part.uri)), one.width, one.height, one.size_bytes, one.why)
            )  # fmt: skip
    return file.getvalue()


def as_cell(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; ids and uris come from strangers.

    Source: https://owasp.org/www-community/attacks/CSV_Injection.
    """
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def _member(member: "Member") -> dict[str, object]:
    fields = asdict(member)
    part = fields.pop("part")
    return {**fields, "uri": part["uri"]}
