"""Which pictures of a collection are the same: pairs by hash and features, verified, then joined.

Nothing is removed here. What is joined are copies of the whole picture: the same bytes, near
duplicates, mirrored and turned ones; parts of pictures are not duplicates.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from binocle.collection.collection import Collection
from binocle.types import Int64Array
from search.copies.candidates import add_votes, by_hash
from search.copies.clusters import Cluster, clusters_of
from search.copies.keep_choice import Comparing
from search.copies.pair_comparison import PairComparison
from search.copies.pairing import PicturePairs, contents_of, pairs_among
from search.copies.stored_pictures import Decode, ReadPicture, StoredPictures
from search.copies.union_find import UnionFind
from search.copies.verdicts import Judgement, Verdict

_BLOCK = 256
_LOOKED_UP = 5_000  # pictures: of more, looking each one up takes too long
_CLEAR_OF_CLUTTER = 2.5  # copies have 4 times the votes that any picture gets, one way or the other
_WHOLE: frozenset[Verdict] = frozenset(("near-duplicate", "mirrored", "rotated"))


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What was found in a collection.

    Attributes:
        clusters: Largest first.
        pictures: How many pictures were looked at.
        compared: How many pairs were verified pixel by pixel.
        unprepared: How many pictures have no likeness yet, and were left out.
        unreadable: How many pictures had to be compared and could not be read: their files were
            moved, removed or changed. They come together with copies of the same bytes only.
        crowded: How many pictures look like more than 32 others each, as those of a camera that
            never moves do: only the nearest of these were compared.
    """

    clusters: tuple[Cluster, ...]
    pictures: int
    compared: int
    unprepared: int
    unreadable: int = 0
    crowded: int = 0

    @property
    def reclaimable_bytes(self) -> int:
        """How many bytes the files beside those to keep have."""
        return sum(one.size_bytes for cluster in self.clusters for one in cluster.spare)


class DuplicateFinder:
    """Finds the duplicates in a collection."""

    def __init__(
        self,
        collection: Collection,
        read_picture: ReadPicture,
        decode: Decode,
        *,
        workers: int = 2,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        """Set up.

        Args:
            collection: Where to look.
            read_picture: As for ``Lookup``.
            decode: Decodes a picture; called from several threads.
            workers: How many pairs are verified at once.
            on_progress: Told how many steps of how many are done. A picture whose look-alikes are
                sought is a step, and so is a pair that is compared; how many pairs there are is
                known when all pictures are done. What it raises ends the search.
        """
        self._collection = collection
        self._pairs = PairComparison(StoredPictures(read_picture, decode))
        self._workers = workers
        self._on_progress = on_progress
        self._compared = 0
        self._done = self._total = 0

    def find(self) -> Duplicates:
        """Find all clusters."""
        read = self._collection.reading
        contents = contents_of(read)
        are_few = len(contents.firsts) <= _LOOKED_UP
        self._done, self._total = 0, (2 if are_few else 1) * len(contents.firsts)
        self._advance(0)
        pairs = pairs_among(read, contents.firsts, self._advance)
        if are_few:
            pairs = pairs.with_links(self._links(contents.firsts))
        self._total += len(pairs.lower)
        involved = set(np.unique([pairs.lower, pairs.upper]).tolist())
        with read() as session:
            pictures = session.fingerprints.pictures(involved.union(*contents.copies))
            missing = session.fingerprints.count_without()
        self._pairs.pictures = pictures
        groups = UnionFind()
        for pair in contents.copies:
            if pictures.keys() >= set(pair):  # not removed meanwhile
                groups.join(*pair)
        judgements: dict[tuple[int, int], Judgement] = {}
        for pair, judgement in self._verified(pairs, groups):
            if judgement.verdict in _WHOLE:
                groups.join(*pair)
                judgements[pair] = judgement
        return Duplicates(
            tuple(self._clusters(groups, judgements)),
            pictures=contents.pictures,
            compared=self._compared,
            unprepared=missing,
            unreadable=len(self._pairs.unreadable),
            crowded=pairs.crowded,
        )

    def _clusters(
        self, groups: UnionFind, judgements: dict[tuple[int, int], Judgement]
    ) -> list[Cluster]:
        pairs = self._pairs
        owners = {pairs.pictures[one].record_id for every in groups.clusters() for one in every}
        with self._collection.reading() as session:
            keys = session.records.keys_of(owners)
        comparing = Comparing(
            pairs.view,
            pairs.judge_anyhow,
            pairs.have_same_pixels,
            pairs.drawn_on,
            pairs.is_enlarged,
        )
        return clusters_of(groups, pairs.pictures, judgements, keys, comparing)

    def _links(self, firsts: Int64Array) -> set[tuple[int, int]]:
        """Look every picture up among the others: that finds crops, borders and small turns.

        What is stored of two pictures tells too little of these; the pixels of one do.
        """
        index = self._collection.fingerprint_follower.index()
        among = set(firsts.tolist())
        with self._collection.reading() as session:
            self._pairs.pictures = session.fingerprints.pictures(among)

        def others_of(part_id: int) -> list[int]:
            view = self._pairs.view(part_id) if part_id in self._pairs.pictures else None
            if view is None:
                return []
            self._pairs.features(part_id)  # kept for when it is compared: its pixels may not be
            suspects = by_hash(index, view)
            add_votes(suspects, index, view, always=0, clear=_CLEAR_OF_CLUTTER)
            return [one for one in suspects if one in among and one != part_id]

        links = set()
        with ThreadPoolExecutor(self._workers, "looking-up") as threads:
            for start in range(0, len(firsts), _BLOCK):
                block = firsts[start : start + _BLOCK].tolist()
                for part_id, others in zip(block, threads.map(others_of, block), strict=True):
                    links |= {(min(part_id, one), max(part_id, one)) for one in others}
                    self._advance(1)
        return links

    def _advance(self, steps: int) -> None:
        self._done += steps
        self._on_progress(self._done, self._total)

    def _verified(
        self, pairs: PicturePairs, groups: UnionFind
    ) -> Iterator[tuple[tuple[int, int], Judgement]]:
        """Verify pairs, neighbours in id together, so that few pictures are read twice."""
        known = self._pairs.pictures
        with ThreadPoolExecutor(self._workers, "verify") as threads:
            for block in pairs.blocks(_BLOCK):
                waiting = [
                    (lower, upper, variant)
                    for lower, upper, variant in block
                    if lower in known and upper in known  # not removed meanwhile
                    and not groups.are_settled(lower, upper)
                ]  # fmt: skip
                self._advance(len(block) - len(waiting))
                found = threads.map(lambda one: self._pairs.judge(one[:2], one[2]), waiting)
                for (lower, upper, _), judgement in zip(waiting, found, strict=True):
                    self._compared += 1
                    self._advance(1)
                    if judgement is not None:
                        yield (lower, upper), judgement
