"""The pictures of records as they came, in one archive that is sent while it is written."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from binocle.collection.collection import Collection
from binocle.errors import NotFoundError
from indexer.stored_media import StoredMedia

_MISSING = "missing.txt"
_LONGEST_NAME = 120
_AT_ONCE = 1024 * 1024
_UNSAFE = str.maketrans(dict.fromkeys('<>:"/\\|?*' + "".join(map(chr, range(32))), "_"))


class _Sink(io.RawIOBase):
    """What was written and not yet taken; it cannot go back, so an archive is never changed."""

    def __init__(self) -> None:
        super().__init__()
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        """Tell that it can be written to."""
        return True

    def write(self, data: object) -> int:
        """Take some bytes."""
        chunk = bytes(data)  # type: ignore[call-overload]
        self._chunks.append(chunk)
        return len(chunk)

    def taken(self) -> bytes:
        """Return what was written since it was asked last."""
        taken = b"".join(self._chunks)
        self._chunks.clear()
        return taken


def zipped_originals(
    collection: Collection, media: StoredMedia, record_ids: Sequence[str]
) -> Iterator[bytes]:
    """Give a zip with the pictures of records, a part of it at a time.

    Of what lies in a file of its own a piece is in memory, of what lies in an archive one picture;
    an archive is read once. Pictures are not compressed again. Two of the same name are told apart
    by a number. What cannot be read any more, and records that are not there or have no picture,
    are told in a ``missing.txt`` and cost only themselves.

    Args:
        collection: Has the records.
        media: Reads their pictures.
        record_ids: What lies in files comes in their order, then what lies in archives.
    """
    sink, names, missing = _Sink(), set[str](), list[tuple[int, str]]()
    owners: dict[str, tuple[int, str]] = {}
    for owner in enumerate(dict.fromkeys(record_ids)):
        uris = _pictures_of(collection, owner[1])
        if not uris:
            missing.append(_lacking(owner, "there is no such record with a picture"))
        owners |= dict.fromkeys((one for one in uris if one not in owners), owner)
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for uri, found in media.each(list(owners)):
            reason = str(found) if isinstance(found, NotFoundError) else ""
            if not isinstance(found, NotFoundError):
                try:
                    with archive.open(zipfile.ZipInfo(_name_of(uri, names)), "w") as member:
                        for piece in _pieces(found):
                            member.write(piece)
                            yield sink.taken()
                except OSError as error:
                    reason = f"it could not be read to its end ({error.strerror or error})"
            del found  # before the next one is read
            if reason:
                missing.append(_lacking(owners[uri], reason))
        if missing:
            text = "".join(line for _, line in sorted(missing))
            archive.writestr(zipfile.ZipInfo(_MISSING), text.encode("utf-8", "replace"))
    yield sink.taken()


def _pieces(picture: Path | bytes) -> Iterator[bytes]:
    with io.BytesIO(picture) if isinstance(picture, bytes) else picture.open("rb") as file:
        while piece := file.read(_AT_ONCE):
            yield piece


def _pictures_of(collection: Collection, record_id: str) -> list[str]:
    with collection.reading() as session:
        number = session.records.number_of(record_id)
        parts = session.parts.of_records([number]).get(number, ()) if number is not None else ()
    return [one.uri for one in parts if one.picture is not None]


def _name_of(uri: str, taken: set[str]) -> str:
    """Return what a picture is called in the archive: the end of its uri, where that is free."""
    last = uri.rstrip("/").rsplit("/", 1)[-1].translate(_UNSAFE)
    path = PurePosixPath(last.encode("utf-8", "replace").decode().strip(" .") or "picture")
    stem, suffix = path.stem[:_LONGEST_NAME], path.suffix[:_LONGEST_NAME]
    name, number = f"{stem}{suffix}", 2
    while name.casefold() in taken or name.casefold() == _MISSING:
        name, number = f"{stem} ({number}){suffix}", number + 1
    taken.add(name.casefold())
    return name


def _lacking(owner: tuple[int, str], reason: str) -> tuple[int, str]:
    number, record_id = owner
    return number, f"{_one_line(record_id)}\t{_one_line(reason)}\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())
