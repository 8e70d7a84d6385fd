"""Lists of hashes: those that a collection keeps, those in files, and a collection's own as one.

A list that a collection keeps is the file ``NAME.hashes.csv`` in its folder, and every lookup in
the collection asks it, too. Its heading has the SHA-256 of what follows: a picture that was let
through because a digit of the list had changed, or its end was gone, would be noticed by nobody. So
a damaged list is asked nothing, and lookups are refused until it is put again or removed. Lists of
older versions, and those that people put there, have no such line.
"""

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import TypeAlias

from cachetools import LRUCache

from api.container import Container
from api.settings import COLLECTION_NAME
from binocle.collection.collection import Collection
from binocle.errors import (
    BinocleError,
    DamagedListError,
    NotFoundError,
    QueryError,
    StorageError,
    UsageError,
)
from binocle.files import replacing
from binocle.fingerprints.pdq import PdqHash, hashed_spec, pdq_of
from binocle.media.decoder_pool import DecoderPool
from binocle.types import Part
from indexer.sources.rows.long_lines import bounded_texts
from search.copies.hash_lists.hash_list import HashList, read_hash_list

_ENDING = ".hashes.csv"  # backups take them along
_SEAL = "hash,label,sha256:"  # the heading: those who know no third column pass it over
_BLOCK, _ROWS = 256, 10_000
_LONGEST_SEAL = 200
_OPEN_LISTS = 64
_State: TypeAlias = tuple[int, int, int]
_open: LRUCache[Path, tuple[_State, HashList]] = LRUCache(_OPEN_LISTS)  # each as it was read last
_opening = Lock()


@dataclass(frozen=True, slots=True)
class OwnHash:
    """A picture of a collection and its hash; a text says why it has none."""

    record_id: str
    hash: PdqHash | str


def listed_in_file(path: Path) -> HashList:
    """Read a list from a file, once as long as it stays the same; its name is the file's.

    Raises:
        StorageError: It cannot be read.
        QueryError: It has no hash.
    """
    try:
        return _read_once(path, lambda one: read_from(one, one.stem))
    except OSError as error:
        raise StorageError(f"cannot read the hash list {path} ({error.strerror})") from error


def lists_of(collection: Collection) -> list[HashList]:
    """Return the lists that a collection keeps, by name.

    Raises:
        DamagedListError: One is damaged, or cannot be read.
    """
    every = dict(examined_lists(collection.path))
    for one in every.values():
        if isinstance(one, DamagedListError):
            raise one
    return [one for one in every.values() if isinstance(one, HashList)]


def examined_lists(folder: Path) -> Iterator[tuple[str, HashList | DamagedListError]]:
    """Yield the lists of a collection's folder by name, in the place of a damaged one the error."""
    for path in _files_in(folder):
        name = path.name.removesuffix(_ENDING)
        try:
            yield name, _read_once(path, _read_kept)
        except (OSError, StorageError, QueryError) as error:
            if path.exists() or path.is_symlink():  # else it was removed a moment ago
                said = f"its file: {error.strerror}" if isinstance(error, OSError) else str(error)
                yield name, _damage(path, said)


def damages_of(folder: Path) -> list[str]:
    """Return a sentence for each list of a collection's folder that is damaged."""
    with _opening:
        for path in _files_in(folder):  # bits turn where times stay
            _open.pop(path, None)
    return [str(one) for _, one in examined_lists(folder) if isinstance(one, DamagedListError)]


def check_name(name: str) -> None:
    """Refuse what is no name for a list.

    Raises:
        UsageError: The name is none for a file.
    """
    if not re.fullmatch(COLLECTION_NAME, name):
        said = "is no name for a hash list; letters, digits, '.', '-' and '_' are, up to 64"
        raise UsageError(f"{name!r} {said}")


def add_list(collection: Collection, name: str, added: HashList) -> None:
    """Have a collection keep a list, in the place of one of the same name.

    What was read is written, not the file once more: that may be a pipe, or have changed.

    Raises:
        UsageError: The name is none for a file.
        StorageError: The list cannot be written.
    """
    path = _path_of(collection, name)
    digest = hashlib.sha256()
    for piece in _written(added):
        digest.update(piece)
    try:
        with replacing(path) as file:
            file.write(f"{_SEAL}{digest.hexdigest()}\n".encode())
            for piece in _written(added):
                file.write(piece)
    except OSError as error:
        raise StorageError(f"cannot write {path} ({error.strerror})") from error


def kept_file(collection: Collection, name: str) -> Path:
    """Return the file of a list that a collection keeps: CSV with hashes and labels.

    Raises:
        NotFoundError: It keeps none of this name.
    """
    path = _path_of(collection, name)
    if not path.is_file():
        names = (one.name.removesuffix(_ENDING) for one in _files_in(collection.path))
        kept = ", ".join(names) or "none"
        raise NotFoundError(f"there is no hash list {name!r}; there are: {kept}")
    return path


def remove_list(collection: Collection, name: str) -> None:
    """Have a collection forget a list.

    Raises:
        NotFoundError: It keeps none of this name.
        DamagedListError: A folder is in its place.
    """
    path = _path_of(collection, name)
    if path.is_dir():
        raise _damage(path, "")
    if not path.exists() and not path.is_symlink():
        kept_file(collection, name)  # says which there are
    path.unlink(missing_ok=True)


def own_hashes(
    container: Container,
    collection: Collection,
    decoders: DecoderPool | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Iterator[OwnHash]:
    """Yield the PDQ hashes of a collection's pictures, as their files are now.

    Args:
        container: Has the limits, and decoders.
        collection: Whose pictures.
        decoders: Where they are decoded; None for processes of its own.
        on_progress: Told how many pictures of how many are done.
    """
    media, done = container.media(collection), 0
    with collection.reading() as session:
        ids = [part_id for part_id, _ in session.fingerprints.contents()]
    with (
        container.decoders() if decoders is None else nullcontext(decoders) as pool,
        ThreadPoolExecutor(pool.workers, "pdq") as threads,
    ):

        def hashed(one: tuple[str, Part, tuple[int, int]]) -> OwnHash:
            record_id, part, size = one
            try:
                picture = pool.decode(media.read(part.uri), hashed_spec(size))
            except (OSError, BinocleError) as error:
                return OwnHash(record_id, str(error))
            return OwnHash(record_id, pdq_of(picture.pixels))

        for block in _pictures(collection, ids):
            for own in threads.map(hashed, block):
                done += 1
                yield own
                on_progress(done, len(ids))


def _path_of(collection: Collection, name: str) -> Path:
    check_name(name)
    return collection.path / f"{name}{_ENDING}"


def read_from(path: Path, name: str) -> HashList:
    """Read a list from a file that is not kept.

    Raises:
        QueryError: It has no hash, or too many.
    """
    return read_hash_list(name, bounded_texts(path, "utf-8-sig"))


def _files_in(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{_ENDING}"))


def _written(added: HashList) -> Iterator[bytes]:
    """Yield a list as it is kept, but for its heading, which has the checksum."""
    rows = zip(added.hashes, added.labels, strict=True)
    while block := list(islice(rows, _ROWS)):
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(block)
        yield text.getvalue().encode()


def _read_once(path: Path, read: Callable[[Path], HashList]) -> HashList:
    found = path.stat()
    state = found.st_mtime_ns, found.st_size, found.st_ino
    with _opening:
        known = _open.get(path)
    if known is None or known[0] != state:
        known = state, read(path)
        with _opening:
            _open[path] = known
    return known[1]


def _read_kept(path: Path) -> HashList:
    if not path.is_file():  # a pipe would never end
        raise StorageError("it is no file")
    if not _fits_its_seal(path):
        raise StorageError("it is not what its first line says")
    return read_from(path, path.name.removesuffix(_ENDING))


def _damage(path: Path, said: str) -> DamagedListError:
    name = path.name.removesuffix(_ENDING)
    if path.is_dir():  # nobody lists hashes in a folder, so it is not for us to empty it
        return DamagedListError(
            f"the collection {path.parent.name!r} has a folder {path.name!r} in the place of the "
            f"hash list {name!r}, and nothing is looked up without that; move the folder away"
        )
    return DamagedListError(
        f"the hash list {name!r} of the collection {path.parent.name!r} is damaged ({said}), and "
        "nothing is looked up without it; put it again (over HTTP PUT …/hash-lists/"
        f"{name}, or 'binocle hashes add'), or remove it (DELETE, or 'binocle hashes remove')"
    )


def _fits_its_seal(path: Path) -> bool:
    """Tell whether a list is as it was put, as far as can be told."""
    with path.open("rb") as file:
        first = file.readline(_LONGEST_SEAL)
        if not first.startswith(_SEAL.encode()):
            return True
        said = first.removeprefix(_SEAL.encode()).strip().decode("ascii", "replace")
        return hashlib.file_digest(file, "sha256").hexdigest() == said


def _pictures(
    collection: Collection, ids: Sequence[int]
) -> Iterator[Sequence[tuple[str, Part, tuple[int, int]]]]:
    for start in range(0, len(ids), _BLOCK):
        with collection.reading() as session:
            pictures = session.fingerprints.pictures(ids[start : start + _BLOCK])
            records = session.records.by_number([one.record_id for one in pictures.values()])
        yield [
            (records[one.record_id].id, one.part, (one.info.width, one.info.height))
            for one in pictures.values()
        ]
