"""Which source a path is, and which source gave a uri: the one list of all kinds."""

from collections.abc import Sequence
from pathlib import Path

from binocle.errors import SourceError, UsageError
from binocle.media import images
from indexer.sources import archive, lines, table_files, uploads
from indexer.sources.archive import ArchiveSource
from indexer.sources.base import Source, path_of
from indexer.sources.folder import FileSource, FolderSource
from indexer.sources.lines import TextSource
from indexer.sources.remote import web_pictures
from indexer.sources.remote.remote_archive import RemoteArchive
from indexer.sources.remote.remote_source import RemoteSource
from indexer.sources.stores.addresses import checked_address, hint_of, is_remote
from indexer.sources.stores.remote_file import remote_file
from indexer.sources.table import ColumnRoles, TableSource
from indexer.sources.uploads import UploadSource
from indexer.sources.url_list import UrlList, lists_urls

_WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods", ".numbers")


def open_source(
    path: Path | str,
    columns: ColumnRoles,
    *,
    allowed: Sequence[Path] = (),
    exclude: Sequence[str] = (),
    fetch: bool = False,
) -> Source:
    """Return the source at a path, or at an address.

    Args:
        path: A folder, an archive, a table, a text file or a picture; as text, it may be the
            address of pictures on a network.
        columns: What a table's columns mean, and what texts are in. When any is named, a text file
            is read as a CSV.
        allowed: Folders outside which nothing is read, whatever links lead there and a table names;
            absolute and without symbolic links; none to allow all.
        exclude: Patterns of what is left out of a folder or an archive; see ``LeftOut``.
        fetch: Whether a table may name pictures that are fetched from the web.

    Raises:
        UsageError: A pattern means nothing, the source is neither of these, or an address has a
            secret in it.
        SourceError: There is nothing, or nothing Binocle can index.
    """
    if isinstance(path, str) and is_remote(path):
        return _remote_source(checked_address(path), columns, exclude, fetch=fetch)
    absolute = Path(path).expanduser().resolve()
    name = absolute.name.lower()
    if not absolute.exists():
        raise SourceError(f"there is nothing at {path}{hint_of(str(path))}")
    if absolute.is_dir():
        return FolderSource(absolute, allowed=allowed, encoding=columns.encoding, exclude=exclude)
    if not absolute.is_file():
        raise SourceError(f"{path} is a pipe or a device; write what it gives to a file first")
    if name.endswith(archive.TAR_SUFFIXES + archive.ZIP_SUFFIXES):
        return ArchiveSource(absolute, columns.encoding, exclude)
    if exclude:
        raise UsageError(
            f"{path} is no folder and no archive, so nothing can be left out of it; index it in a "
            "run of its own, without --exclude"
        )
    is_text = name.endswith(lines.SUFFIXES)
    if name.endswith(table_files.SUFFIXES) or (is_text and columns.named):
        return TableSource(absolute, columns, allowed=allowed, fetch=fetch)
    if is_text:
        return _text_source(absolute, columns.encoding, allowed, fetch=fetch)
    if absolute.suffix.lower() in images.SUFFIXES:
        return FileSource(absolute, allowed=allowed, encoding=columns.encoding)
    raise SourceError(_neither(path))


def _neither(path: Path | str) -> str:
    if str(path).lower().endswith(_WORKBOOKS):
        return f"{path} is a workbook; save its sheet as CSV (UTF-8), and index that"
    readable = ", ".join(
        (*archive.TAR_SUFFIXES, *archive.ZIP_SUFFIXES, *table_files.SUFFIXES, ".txt")
    )
    return f"{path} is neither a folder nor a file Binocle indexes ({readable}, or a picture)"


def _remote_source(
    address: str, columns: ColumnRoles, exclude: Sequence[str], *, fetch: bool
) -> Source:
    name = address.lower()
    whole = RemoteSource(address, encoding=columns.encoding, exclude=exclude)
    if name.endswith(archive.TAR_SUFFIXES + archive.ZIP_SUFFIXES):
        return RemoteArchive(address, columns.encoding, exclude, part_of=whole.part_of)
    if name.endswith(table_files.SUFFIXES) or (name.endswith(lines.SUFFIXES) and columns.named):
        if exclude:
            raise UsageError(f"{address} is a table, so nothing can be left out of it")
        return TableSource(remote_file(address), columns, fetch=fetch)
    if name.endswith(lines.SUFFIXES):
        return _text_source(remote_file(address), columns.encoding, (), fetch=fetch)
    return whole


def _text_source(
    path: Path, encoding: str | None, allowed: Sequence[Path], *, fetch: bool
) -> Source:
    if lists_urls(path, encoding):
        return UrlList(path, encoding, allowed=allowed, fetch=fetch)
    return TextSource(path, encoding)


def source_of(uri: str, collection: Path) -> Source:
    """Return a source that can open again what has this uri.

    Args:
        uri: Of a part.
        collection: The folder of its collection, where uploads are kept.
    """
    if uri.startswith(uploads.SCHEME):
        return UploadSource(collection)
    if uri.startswith(web_pictures.MARK):
        return web_pictures.WebPictures()
    if is_remote(uri):
        inside = ArchiveSource.of(uri) or TableSource.of(uri) or TextSource.of(uri)
        return inside or RemoteSource(uri)
    if not path_of(uri).exists():
        inside = ArchiveSource.of(uri) or TableSource.of(uri) or TextSource.of(uri)
        if inside is not None:
            return inside
    return FileSource(path_of(uri))
