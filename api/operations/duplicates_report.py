"""Duplicates as a table for programs and as a page for people; both open from disk."""

import base64
import csv
import html
import io
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from api.operations.plurals import counted, in_bytes, of_copies
from binocle.collection.collection import Collection
from binocle.errors import BinocleError, StorageError
from binocle.media.decoder_pool import DecoderPool
from binocle.media.thumbnails import thumbnail_format
from indexer.stored_media import StoredMedia
from search.copies.clusters import Member
from search.copies.duplicates import Duplicates

_THUMBNAIL_SIDE = 160
_SHOWN_CLUSTERS = 1000
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_COLUMNS = (
    "cluster", "keep", "verdict", "confidence", "id", "uri", "width", "height", "bytes", "why",
)  # fmt: skip
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;
color:#1d1d1f;background:#fff}
section{border-top:1px solid #ddd;padding:1rem 0;display:flex;flex-wrap:wrap;gap:1rem}
h2{flex-basis:100%;font-size:1rem;margin:0}
figure{margin:0;width:10.5rem}img{max-width:100%;border-radius:4px;display:block}
.none{width:10rem;height:7rem;background:#eee;border-radius:4px}
figcaption{margin-top:.6rem;font-size:.8rem;overflow-wrap:anywhere}
.keep img{outline:3px solid #18794e;outline-offset:2px}.keep b{color:#18794e}
@media(prefers-color-scheme:dark){body{background:#161618;color:#eee}section{border-color:#333}
.none{background:#333}.keep b{color:#4cc38a}}
"""


def as_json_object(found: Duplicates, collection: str) -> dict[str, object]:
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


def warnings_of(found: Duplicates) -> list[str]:
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


def check_writable(path: Path) -> None:
    """Refuse a file that cannot be written, before the work for it begins.

    Raises:
        StorageError: Its folder is not there, or it or the folder may not be written.
    """
    reason = ""
    if path.is_dir():
        reason = "it is a folder"
    elif not path.parent.is_dir():
        reason = f"there is no folder {path.parent}"
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        reason = "it may not be written"
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


def csv_of(found: Duplicates, uri_of: Callable[[str], str] = str) -> str:
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


def page_of(
    found: Duplicates, collection: Collection, decoders: DecoderPool, name: str | None = None
) -> str:
    """Return a page that needs no other file: thumbnails are inside it.

    Args:
        found: The clusters.
        collection: Has their pictures.
        decoders: Make thumbnails.
        name: What the collection is called, where that is not its own name.
    """
    title = html.escape(f"Duplicates in {name or collection.path.name}")
    copies = sum(len(one.others) for one in found.clusters)
    shown = found.clusters[:_SHOWN_CLUSTERS]
    more = len(found.clusters) - len(shown)
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width,initial-scale=1'>",
        f"<title>{title}</title>",
        f"<style>{_STYLE}</style>",
        f"<h1>{title}</h1>",
        (
            f"<p>{counted(len(found.clusters), 'cluster')} with {of_copies(copies)} among "
            f"{counted(found.pictures, 'picture')}, "
            f"{in_bytes(found.reclaimable_bytes)} beside those to keep. Nothing was removed. Of "
            "each cluster the picture that shows most in most pixels is marked for keeping.</p>"
        ),
        *(f"<p><b>Note:</b> {html.escape(one)}.</p>" for one in warnings_of(found)),
    ]
    media = StoredMedia(collection.path)
    for number, cluster in enumerate(shown, 1):
        parts.append(f"<section><h2>Cluster {number}: {1 + len(cluster.others)} pictures</h2>")
        parts.append(_figure(cluster.keep, media, decoders, keep=True))
        parts += [_figure(one, media, decoders) for one in cluster.others]
        parts.append("</section>")
    if more:
        parts.append(
            f"<p>{counted(more, 'smaller cluster')} not shown here; the CSV lists them all.</p>"
        )
    return "\n".join(parts)


def _figure(
    member: Member, media: StoredMedia, decoders: DecoderPool, *, keep: bool = False
) -> str:
    name = html.escape(member.record_id)
    try:
        data = decoders.thumbnail(media.read(member.part.uri), _THUMBNAIL_SIDE).data
        encoding = thumbnail_format(_THUMBNAIL_SIDE)
        source = f"data:image/{encoding};base64,{base64.b64encode(data).decode()}"
        picture = f'<img src="{source}" alt="{name}" loading=lazy>'
    except BinocleError:  # moved since
        picture = "<div class=none></div>"
    said = "keep" if keep else f"{member.verdict}, {member.confidence:.0%} sure"
    size = f"{member.width} x {member.height}, {member.size_bytes / 1000:,.0f} kB"
    kind = " class=keep" if keep else ""
    caption = f"<b>{said}</b><br>{name}<br>{size}<br>{html.escape(member.why)}"
    return f"<figure{kind}>{picture}<figcaption>{caption}</figcaption></figure>"


def _member(member: Member) -> dict[str, object]:
    fields = asdict(member)
    part = fields.pop("part")
    return {**fields, "uri": part["uri"]}
