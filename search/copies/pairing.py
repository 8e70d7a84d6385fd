"""Which pairs of a collection's pictures may be copies: by their hashes, and by shared features.

What comes out is at most so many pairs for each picture, however alike they all are, and then
verified pixel by pixel. Pictures with the same bytes count once.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from binocle.catalog.base import CatalogReader
from binocle.catalog.types import FingerprintRows
from binocle.fingerprints.fingerprint import Codes, unpacked
from binocle.types import Int64Array
from binocle.vectors.fingerprints.near_hashes import NearHashes, NearPairs
from binocle.vectors.fingerprints.shared_features import SharedFeatures, SharingPairs, votes_between

PAIR_BITS = 44  # of 256; what is farther is left to shared features
_SHARED_FEATURES = 14.0
SOME_SHARED = 3.0  # in the short lists: worth comparing all features
MOST = 32  # pairs of each picture with others before it, by hash and by features
_BLOCK = 256
NO_FORM = -1

Read = Callable[[], AbstractContextManager[CatalogReader]]


@dataclass(frozen=True, slots=True)
class Contents:
    """The pictures that can be compared.

    Attributes:
        firsts: ``(n,)`` int64 part ids, ascending: the first picture of each content.
        copies: The first one's and its own part id of each other picture.
    """

    firsts: Int64Array
    copies: tuple[tuple[int, int], ...]

    @property
    def pictures(self) -> int:
        """How many there are."""
        return len(self.firsts) + len(self.copies)


@dataclass(frozen=True, slots=True)
class PicturePairs:
    """Pictures that may be copies of each other, ordered by both part ids.

    Attributes:
        lower: ``(n,)`` int64 part ids.
        upper: ``(n,)`` int64 part ids, larger than the lower ones.
        variants: ``(n,)`` int64: which form of the lower one has a near hash; ``NO_FORM`` where
            only features are shared.
        crowded: How many pictures have more look-alikes than are paired.
    """

    lower: Int64Array
    upper: Int64Array
    variants: Int64Array
    crowded: int

    def blocks(self, size: int) -> Iterator[list[tuple[int, int, int]]]:
        """Yield lower and upper part ids and variants, so many at a time."""
        for start in range(0, len(self.lower), size):
            columns = (self.lower, self.upper, self.variants)
            parts = [one[start : start + size].tolist() for one in columns]
            yield list(zip(*parts, strict=True))

    def with_links(self, links: set[tuple[int, int]]) -> "PicturePairs":
        """Return these and other pairs without a near form; each pair once.

        Args:
            links: Lower and upper part ids.
        """
        known = set(zip(self.lower.tolist(), self.upper.tolist(), strict=True))
        new = np.array(sorted(links - known), np.int64).reshape(-1, 2)
        lower = np.concatenate([self.lower, new[:, 0]])
        upper = np.concatenate([self.upper, new[:, 1]])
        variants = np.concatenate([self.variants, np.full(len(new), NO_FORM)])
        order = np.lexsort((upper, lower))
        return PicturePairs(lower[order], upper[order], variants[order], self.crowded)


def contents_of(read: Read) -> Contents:
    """Return the pictures of a catalogue that have a likeness, those of the same bytes together."""
    first_of: dict[bytes, int] = {}
    copies = []
    with read() as session:
        for part_id, sha256 in session.fingerprints.contents():
            first = first_of.setdefault(sha256, part_id)
            if first != part_id:
                copies.append((first, part_id))
    return Contents(np.fromiter(first_of.values(), np.int64, len(first_of)), tuple(copies))


def pairs_among(
    read: Read, firsts: Int64Array, on_block: Callable[[int], None] = lambda _count: None
) -> PicturePairs:
    """Find the pairs among pictures.

    Args:
        read: Gives a session that sees one state of the catalogue.
        firsts: ``(n,)`` int64 part ids, ascending.
        on_block: Told the number of each few hundred pictures that are done; what it raises ends
            the search.
    """
    near, sharing = NearHashes(PAIR_BITS, MOST), SharedFeatures(SOME_SHARED, MOST)
    known = np.empty(len(firsts), np.int64)  # part ids by place
    count = crowded = 0
    found: list[npt.NDArray[np.int64]] = [np.empty((3, 0), np.int64)]
    for block in _blocks(read, firsts):
        size = len(block.part_ids)
        on_block(size)
        known[count : count + size] = block.part_ids
        count += size
        by_hash = near.add(block.hashes)
        codes = [unpacked(one) for one in block.features]
        shared = _confirmed(read, sharing.add(codes), codes, known)
        crowded += len(np.union1d(by_hash.crowded, shared.crowded))
        found.append(_together(by_hash, shared, known, block.part_ids))
    lower, upper, variants = np.concatenate(found, axis=1)
    order = np.lexsort((upper, lower))
    return PicturePairs(lower[order], upper[order], variants[order], crowded)


def _blocks(read: Read, firsts: Int64Array) -> Iterator[FingerprintRows]:
    """Yield the likenesses of pictures; the catalogue may be written to meanwhile."""
    for start in range(0, len(firsts), _BLOCK):
        with read() as session:
            rows = session.fingerprints.of_parts(firsts[start : start + _BLOCK].tolist())
        if len(rows.part_ids):
            yield rows


def _confirmed(
    read: Read, pairs: SharingPairs, codes: list[Codes], known: Int64Array
) -> SharingPairs:
    """Return the pairs that share enough of all features; rows that may have more are crowded."""
    lower = known[pairs.places]
    with read() as session:
        rows = session.fingerprints.of_parts(np.unique(lower).tolist())
    others = {
        part_id: unpacked(features)
        for part_id, features in zip(rows.part_ids.tolist(), rows.features, strict=True)
    }
    kept = np.array(
        [
            part_id in others and votes_between(others[part_id], codes[row]) >= _SHARED_FEATURES
            for part_id, row in zip(lower.tolist(), pairs.rows.tolist(), strict=True)
        ],
        np.bool_,
    )
    full = pairs.crowded[~np.isin(pairs.crowded, pairs.rows[~kept])]
    return SharingPairs(pairs.rows[kept], pairs.places[kept], pairs.votes[kept], full)


def _together(
    by_hash: NearPairs, shared: SharingPairs, known: Int64Array, part_ids: Int64Array
) -> npt.NDArray[np.int64]:
    """Return ``(3, n)``: lower and upper part ids and forms, each pair once."""
    span = len(known) + 1
    new = ~np.isin(shared.rows * span + shared.places, by_hash.rows * span + by_hash.places)
    places = np.concatenate([by_hash.places, shared.places[new]])
    rows = np.concatenate([by_hash.rows, shared.rows[new]])
    forms = np.concatenate([by_hash.variants, np.full(int(new.sum()), NO_FORM)])
    return np.stack([known[places], part_ids[rows], forms])
