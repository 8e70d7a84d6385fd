"""The pictures that a lookup is asked for: files, and what folders and archives hold."""

import errno
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from api.operations.plurals import counted
from binocle.errors import (
    NotAPictureError,
    NotFoundError,
    PictureError,
    PictureTruncatedError,
    QueryError,
    SourceError,
    UrlError,
)
from binocle.files import read_regular
from binocle.media import images
from binocle.types import Limits
from indexer.sources.archive import TAR_SUFFIXES, ZIP_SUFFIXES, ArchiveSource
from indexer.sources.base import Candidate, Source, path_of
from indexer.sources.folder import FolderSource
from indexer.sources.members.unpacking import is_compressed


@dataclass(frozen=True, slots=True)
class AskedPicture:
    """A picture to look up.

    Attributes:
        place: Where it lies.
        name: What it is shown under.
        read: Returns its file; may raise OSError or QueryError.
    """

    place: str
    name: str
    read: Callable[[], bytes]


class AskedPictures:
    """Pictures, standard input, and what is in folders and archives, one after the other.

    Attributes:
        left_out: What folders and archives held besides that is no picture, once it was passed.
    """

    def __init__(
        self,
        paths: Sequence[Path | str],
        limits: Limits,
        fetch: Callable[[str], bytes] | None = None,
    ) -> None:
        """Name them.

        Args:
            paths: Pictures, folders and archives; ``-`` for standard input; texts are URLs.
            limits: What a picture may cost.
            fetch: Returns what lies at a URL, or raises QueryError; needed where one is named.
        """
        self._paths, self._limits, self._fetch = paths, limits, fetch
        self.left_out: list[Candidate] = []

    def count(self) -> int:
        """Return how many there may be at most; for progress."""
        total = 0
        for path in self._paths:
            source = _source_of(path)
            try:
                total += source.count() if source else 1
            except SourceError:  # told when it is read
                total += 1
        return total

    def __iter__(self) -> Iterator[AskedPicture]:
        """Yield them; a folder or an archive without any is yielded itself, and cannot be read."""
        for path in self._paths:
            if isinstance(path, str):
                yield AskedPicture(path, path, partial(self._read_url, path))
                continue
            source = _source_of(path)
            if str(path) == "-":
                yield AskedPicture("-", "-", self._read_input)
            elif source is None:
                place = path.expanduser()
                read = partial(read_regular, place, self._limits.max_bytes)
                yield AskedPicture(str(place), path.name, read)
            else:
                yield from self._members(path, source)

    def _members(self, path: Path, source: Source) -> Iterator[AskedPicture]:
        before, is_empty = len(self.left_out), True
        try:
            for one in source.scan(source.path.name):
                asked = self._asked(source, one)
                if asked is not None:
                    is_empty = False
                    yield asked
        except SourceError as error:
            is_empty = False
            yield AskedPicture(str(path), path.name, partial(_refuse, str(error)))
        if is_empty:
            others = len(self.left_out) - before
            only = f", only {counted(others, 'other file')}" if others else ""
            problem = f"the {source.kind} {path} has no pictures to look up{only}"
            yield AskedPicture(str(path), path.name, partial(_refuse, problem))

    def _asked(self, source: Source, one: Candidate) -> AskedPicture | None:
        """Return what to look up of a file; None where it is no picture, whatever its name."""
        place, name = one.uri, one.record_id
        read = self._reader(source, one)
        if one.images:
            return AskedPicture(place, name, read)
        if one.skip is None or one.skip.code != NotAPictureError.code:
            reason = one.skip.message if one.skip else "there is no picture in it"
            return AskedPicture(place, name, partial(_refuse, f"{place}: {reason}"))
        try:
            data = b"" if _is_packed(source) else read()
            images.upright_size(data, self._limits)
        except (NotAPictureError, PictureTruncatedError):
            self.left_out.append(one)
            return None
        except PictureError:
            pass  # told when it is looked up
        except (OSError, NotFoundError) as error:
            # What an archive could not give again has a cause; texts it never gives.
            cause = error if isinstance(error, OSError) else error.__cause__
            if not isinstance(cause, OSError) or cause.errno == errno.EFBIG:
                self.left_out.append(one)
                return None
            problem = f"cannot read {place}, which may be a picture ({cause.strerror or cause})"
            return AskedPicture(place, name, partial(_refuse, problem))
        return AskedPicture(place, name, partial(bytes, data))

    def _reader(self, source: Source, one: Candidate) -> Callable[[], bytes]:
        if isinstance(source, FolderSource):
            return partial(read_regular, path_of(one.uri), self._limits.max_bytes)
        return one.images[0].read if one.images else partial(source.open, one.uri)

    def _read_url(self, url: str) -> bytes:
        if self._fetch is None:
            raise QueryError(f"{url}: URLs are not read here")
        try:
            return self._fetch(url)
        except UrlError as error:
            raise QueryError(f"{url}: {error}") from error

    def _read_input(self) -> bytes:
        most = self._limits.max_bytes
        data = sys.stdin.buffer.read(most + 1)
        if len(data) > most:
            raise QueryError(
                f"standard input has more than {most:,} bytes; raise BINOCLE_MAX_BYTES"
            )
        return data


def _source_of(path: Path | str) -> Source | None:
    """Return what a path holds several files in; None for a picture."""
    if isinstance(path, str) or str(path) == "-":
        return None
    place = path.expanduser()
    if place.is_dir():
        return FolderSource(place.resolve())
    if place.is_file() and place.name.lower().endswith(TAR_SUFFIXES + ZIP_SUFFIXES):
        return ArchiveSource(place.resolve())
    return None


def _is_packed(source: Source) -> bool:
    """Tell whether each member costs reading all before it: there only names tell pictures."""
    is_tar = isinstance(source, ArchiveSource) and not source.path.name.lower().endswith(".zip")
    return is_tar and is_compressed(source.path)


def _refuse(problem: str) -> bytes:
    raise QueryError(problem)
