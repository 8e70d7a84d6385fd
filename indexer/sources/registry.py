"""From a path a user names to the source it is."""

from pathlib import Path

from binocle.errors import SourceError
from binocle.media import images
from indexer.sources import archive, lines, table
from indexer.sources.archive import ArchiveSource
from indexer.sources.base import Source
from indexer.sources.folder import FileSource, FolderSource
from indexer.sources.lines import TextSource
from indexer.sources.table import ColumnRoles, TableSource


def open_source(path: Path, columns: ColumnRoles) -> Source:
    """Return the source at a path.

    Args:
        path: A folder, an archive, a table, a text file or a picture.
        columns: What a table's columns mean. When any is named, a text file is read as a CSV.

    Raises:
        SourceError: There is nothing, or nothing Binocle can index.
    """
    absolute = path.expanduser().resolve()
    name = absolute.name.lower()
    if not absolute.exists():
        raise SourceError(f"there is nothing at {path}")
    if absolute.is_dir():
        return FolderSource(absolute)
    if name.endswith(archive.TAR_SUFFIXES + archive.ZIP_SUFFIXES):
        return ArchiveSource(absolute)
    is_text = name.endswith(lines.SUFFIXES)
    if name.endswith(table.SUFFIXES) or (is_text and columns.named):
        return TableSource(absolute, columns)
    if is_text:
        return TextSource(absolute)
    if absolute.suffix.lower() in images.SUFFIXES:
        return FileSource(absolute)
    readable = ", ".join((*archive.TAR_SUFFIXES, *archive.ZIP_SUFFIXES, *table.SUFFIXES, ".txt"))
    raise SourceError(
        f"{path} is neither a folder nor a file Binocle indexes ({readable}, or a picture)"
    )
