"""Features of pictures in an inverted file of visual words, in memory or mapped from a file.

FAISS's ``IndexBinaryIVF`` in FAISS's own format, ids are part ids. Mapped, a file of gigabytes
opens at once, and a search reads only the lists it asks. FAISS may not change an index while it
is searched; who uses this sees to that.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import faiss
import numpy as np
import numpy.typing as npt

from binocle.errors import StorageError
from binocle.fingerprints.fingerprint import CODE_BYTES, Codes
from binocle.fingerprints.local_features import WORDS
from binocle.types import Int64Array

PROBES = 5
_ENTRY_BYTES = CODE_BYTES + 8
_NO_IDS = np.empty(0, np.int64)


class FeatureLists:
    """The features of some pictures: a list of codes and part ids for each word."""

    def __init__(self, index: Any = None) -> None:
        """Wrap a FAISS index; an empty one is made where none is given."""
        if index is None:
            # The quantizer is never asked: words come with the features.
            self._quantizer = faiss.IndexBinaryFlat(8 * CODE_BYTES)
            index = faiss.IndexBinaryIVF(self._quantizer, 8 * CODE_BYTES, WORDS)
            index.own_fields = False
            index.is_trained = True
        self._index = index
        self._index.nprobe = PROBES
        self.sizes = self._sizes()

    @property
    def count(self) -> int:
        """How many features it holds."""
        return int(self._index.ntotal)

    def add(self, features: Codes, owners: Int64Array) -> None:
        """Add features with the part id of each; not to a mapped file."""
        if not len(owners):
            return
        codes, words = np.ascontiguousarray(features.codes), np.ascontiguousarray(features.words)
        self._index.add_core(
            len(codes), faiss.swig_ptr(codes), faiss.swig_ptr(owners), faiss.swig_ptr(words)
        )
        self.sizes += np.bincount(words, minlength=WORDS)

    def remove(self, part_ids: Int64Array) -> None:
        """Forget the features of pictures; not in a mapped file."""
        self._index.remove_ids(faiss.IDSelectorBatch(part_ids))
        self.sizes = self._sizes()

    def joined(self, other: Self, without: Int64Array) -> Self:
        """Return the features of both in memory, without those of some pictures of this one.

        Where this one has none, the other is returned.
        """
        if not self.count:
            return other
        both = type(self)()
        for lists in (self, other):
            for word in np.flatnonzero(lists.sizes).tolist():
                features, owners = lists._list(word)  # noqa: SLF001
                if lists is self and len(without):
                    kept = ~np.isin(owners, without)
                    features, owners = (
                        Codes(features.words[kept], features.codes[kept]),
                        owners[kept],
                    )
                both.add(features, owners)
        return both

    def _sizes(self) -> Int64Array:
        """Return how many features each word has; asking FAISS takes milliseconds."""
        if not self._index.ntotal:
            return np.zeros(WORDS, np.int64)
        lists = self._index.invlists
        return np.array([lists.list_size(word) for word in range(WORDS)])

    def _list(self, word: int) -> tuple[Codes, Int64Array]:
        """Return a copy of a word's list."""
        lists, size = self._index.invlists, int(self.sizes[word])
        if not size:
            return Codes(np.empty(0, np.int64), np.empty((0, CODE_BYTES), np.uint8)), _NO_IDS
        codes = faiss.rev_swig_ptr(lists.get_codes(word), size * CODE_BYTES)
        owners: Int64Array = faiss.rev_swig_ptr(lists.get_ids(word), size).copy()
        codes = codes.reshape(size, CODE_BYTES).copy()
        return Codes(np.full(size, word), codes), owners

    def search(
        self, codes: npt.NDArray[np.uint8], words: Int64Array, k: int
    ) -> tuple[npt.NDArray[np.int32], Int64Array]:
        """Return the nearest codes in some lists.

        Args:
            codes: ``(n, 16)`` uint8.
            words: ``(n, PROBES)`` int64, which lists; -1 for none.
            k: How many.

        Returns:
            ``(n, k)`` int32 differing bits, ``(n, k)`` int64 part ids; -1 where there are fewer.
        """
        if not self.count:
            return np.full((len(codes), k), 2**31 - 1, np.int32), np.full((len(codes), k), -1)
        found: tuple[npt.NDArray[np.int32], Int64Array] = self._index.search_preassigned(
            np.ascontiguousarray(codes), k, words, np.zeros(words.shape, np.int32)
        )
        return found

    def write(self, path: Path) -> dict[str, int | str]:
        """Write a file, and return what ``read`` must know of it.

        Raises:
            OSError: It cannot be written.
        """
        try:
            faiss.write_index_binary(self._index, str(path))
        except RuntimeError as error:
            raise OSError(f"cannot write {path.name}") from error
        size = path.stat().st_size
        expected = self.count * _ENTRY_BYTES
        with path.open("rb") as file:
            whole = hashlib.file_digest(file, "sha256").hexdigest()  # for whoever examines it
        head = _head_digest(path, size - expected)
        return {"features": self.count, "size": size, "head": head, "whole": whole}

    @classmethod
    def read(cls, path: Path, known: Mapping[str, int | str]) -> Self:
        """Map a file.

        What lies before the lists is checked by its SHA-256, and the length. The lists are not
        read: a damaged code costs a vote, and never makes a verdict, which pixels give.

        Args:
            path: The file.
            known: As from ``write``.

        Raises:
            StorageError: It is damaged, or another one.
            OSError: It cannot be read.
        """
        size = int(known["size"])
        head = size - int(known["features"]) * _ENTRY_BYTES
        if head < 0 or path.stat().st_size != size or _head_digest(path, head) != known["head"]:
            raise StorageError("its stamp does not fit")
        try:
            index = faiss.read_index_binary(str(path), faiss.IO_FLAG_MMAP)
        except RuntimeError as error:
            raise StorageError("it is damaged") from error
        return cls(index)


def _head_digest(path: Path, size: int) -> str:
    with path.open("rb") as file:
        return hashlib.sha256(file.read(size)).hexdigest()
