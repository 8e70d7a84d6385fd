"""The file of a saved index, and the stamp that says what is in it and how to tell damage.

A flat index, and a small one in lists, is compared with its SHA-256 before it is used. Large lists
are mapped: opening them reads and compares what comes before them, and the rest is compared when
there is time. A file is replaced and never written to, so what is mapped stays as it was.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import faiss
import numpy as np

from binocle.errors import StorageError
from binocle.files import replacing

_CHECKED_AT_ONCE = 64 << 20  # bytes that are read and hashed in a tenth of a second
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class SavedIndex:
    """What a file holds.

    Attributes:
        index: FAISS's: an ``IndexIDMap2`` over a flat one, or an ``IndexIVFScalarQuantizer``, the
            lists of which are in the file.
        stamp: What was said of it.
        is_checked: Whether the file was compared with its digest.
    """

    index: Any
    stamp: Mapping[str, Any]
    is_checked: bool = True

    def is_whole(self) -> bool:
        """Compare the mapped file with its digest, reading all of it."""
        lists = faiss.downcast_InvertedLists(self.index.invlists)
        mapped = memoryview(faiss.rev_swig_ptr(lists.ptr, lists.totsize))
        digest = hashlib.sha256()
        for start in range(0, len(mapped), _BLOCK):
            digest.update(mapped[start : start + _BLOCK])
        return digest.hexdigest() == str(self.stamp["sha256"])


class IndexFile:
    """``NAME.faiss`` and ``NAME.stamp.json``."""

    def __init__(self, place: Path) -> None:
        """Set up; ``place`` is the path of the files without endings."""
        self._file = place.with_name(f"{place.name}.faiss")
        self._stamp = place.with_name(f"{place.name}.stamp.json")

    def write(self, index: Any, stamp: Mapping[str, object]) -> SavedIndex:
        """Write an index, and return it as it is in the file.

        Raises:
            OSError: It cannot be written.
        """
        self._stamp.unlink(missing_ok=True)  # between the two writes nothing valid is there
        digest = hashlib.sha256()
        with replacing(self._file) as file:
            faiss.write_index(index, faiss.PyCallbackIOWriter(_into(file, digest)))
            file.flush()
            marks: dict[str, object] = {"sha256": digest.hexdigest()}
            if isinstance(index, faiss.IndexIVF):
                head = file.tell() - _list_bytes(index)
                marks |= {"bytes": file.tell(), "head_bytes": head}
                with Path(file.name).open("rb") as written:
                    marks["head_sha256"] = _digest(written, head)
                index = _mapped(Path(file.name))
        with replacing(self._stamp) as file:
            file.write(json.dumps({**stamp, **marks}).encode())
        return SavedIndex(index, {**stamp, **marks})

    def read(self, space: str, dimension: int) -> SavedIndex | None:
        """Return what was written; None where nothing was.

        Args:
            space: The fingerprint that the stamp must have.
            dimension: Components of its rows.

        Raises:
            StorageError: It is damaged, or of another space.
        """
        try:
            stamp = json.loads(self._stamp.read_text())
            if stamp["space"] != space:
                raise StorageError("its stamp does not fit")
            found = self._read(stamp)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StorageError(f"the stamp {self._stamp.name} is damaged ({error})") from error
        except RuntimeError as error:  # FAISS's
            raise StorageError(f"the index file is damaged ({error})") from error
        index = found.index
        if not isinstance(index, faiss.IndexIVFScalarQuantizer | faiss.IndexIDMap2):
            raise StorageError(f"the index file holds a {type(index).__name__}")
        if index.d != dimension:
            raise StorageError(f"the index file has {index.d} dimensions, not {dimension}")
        return found

    def _read(self, stamp: Mapping[str, Any]) -> SavedIndex:
        if "head_bytes" not in stamp:
            data = self._file.read_bytes()
            if stamp["sha256"] != hashlib.sha256(data).hexdigest():
                raise StorageError("its stamp does not fit")
            return SavedIndex(faiss.deserialize_index(np.frombuffer(data, np.uint8)), stamp)
        with self._file.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size != stamp["bytes"] or _digest(file, stamp["head_bytes"]) != stamp["head_sha256"]:
                raise StorageError("its stamp does not fit")
            found = SavedIndex(_mapped(self._file), stamp)
            if not os.path.samestat(os.fstat(file.fileno()), self._file.stat()):
                raise StorageError("it is being replaced")
        if size <= _CHECKED_AT_ONCE and not found.is_whole():
            raise StorageError("its stamp does not fit")
        return replace(found, is_checked=size <= _CHECKED_AT_ONCE)


def _mapped(path: Path) -> Any:
    """Return the inverted file of a file, its lists being left there."""
    index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
    if isinstance(index, faiss.IndexIVF):
        faiss.downcast_InvertedLists(index.invlists).prefetch_nthread = 0  # threads a search
    return index


def _list_bytes(index: Any) -> int:
    """Return how much of an inverted file's file its lists take: codes and ids, at its end."""
    return int(index.ntotal) * (int(index.code_size) + 8)


def _into(file: BinaryIO, digest: Any) -> Callable[[bytes], int]:
    def write(data: bytes) -> int:
        digest.update(data)
        return file.write(data)

    return write


def _digest(file: BinaryIO, size: int) -> str:
    """Return the SHA-256 of the beginning of a file."""
    digest = hashlib.sha256()
    file.seek(0)
    for start in range(0, size, _BLOCK):
        digest.update(file.read(min(_BLOCK, size - start)))
    return digest.hexdigest()
