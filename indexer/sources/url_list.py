"""A text file that lists pictures by URL, one a line and without a header."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from binocle.errors import SourceError
from indexer.sources.encodings import encoding_of
from indexer.sources.rows.long_lines import bounded_texts, check_size
from indexer.sources.table import ColumnRoles, TableSource
from indexer.sources.table_files import SourceTable

_COLUMN = "url"
_URL = re.compile(r"(https?|s3|gs|az)://[^\s/]\S*", re.IGNORECASE)
_LOOKED_AT = 100  # lines, by which a list is known


def lists_urls(path: Path, encoding: str | None) -> bool:
    """Tell whether a text file has nothing but URLs; empty lines and ``# …`` do not count.

    Raises:
        SourceError: It cannot be read.
    """
    first = list(islice(_lines(path, encoding), _LOOKED_AT))
    return bool(first) and all(map(_URL.fullmatch, first))


class UrlList(TableSource):
    """The URLs of a list, one record each: a table of one column."""

    def __init__(
        self,
        path: Path,
        encoding: str | None = None,
        *,
        allowed: Sequence[Path] = (),
        fetch: bool = False,
    ) -> None:
        """Name a list by its absolute path; see ``TableSource``."""
        roles = ColumnRoles(image=_COLUMN, encoding=encoding)
        super().__init__(path, roles, allowed=allowed, fetch=fetch)
        self._encoding = encoding

    def read(self) -> SourceTable:
        """Return its lines as the rows of a table."""
        rows = [{_COLUMN: one} for one in _lines(self.path, self._encoding)]
        return SourceTable(rows, [_COLUMN], {})


def _lines(path: Path, encoding: str | None) -> Iterator[str]:
    try:
        check_size(path)
        for line in bounded_texts(path, encoding_of(path, encoding)):
            text = (line or "").replace("\x00", "").removeprefix("\ufeff").strip()
            if text and not text.startswith("#"):
                yield text
    except OSError as error:
        raise SourceError(f"cannot read {path} ({error.strerror or error})") from error
