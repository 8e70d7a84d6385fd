"""Which pictures of a collection are the same: pairs by hash and features, verified, then joined.

Nothing is removed here. What is joined are copies of the whole picture: the same bytes, near
duplicates, mirrored and turned ones; parts of pictures are not duplicates.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
from cachetools import LRUCache

from binocle.catalog.types import KnownPicture
from binocle.collection.collection import Collection
from binocle.errors import BinocleError
from binocle.fingerprints.perceptual_hash import (
    VARIANTS,
    distances,
    perceptual_hash,
    variant_hashes,
)
from binocle.fingerprints.verification import PictureView, VerifiedMatch, verify, verify_whole
from binocle.types import ImageSpec, Int64Array, Part, PixelArray
from search.copies.candidates import add_votes, by_hash
from search.copies.keep_choice import Comparing, best_of, judgement_of
from search.copies.lookup import Decode, ReadPicture, working_spec
from search.copies.pairing import NO_FORM, PicturePairs, contents_of, pairs_among
from search.copies.union_find import LARGE, UnionFind
from search.copies.verdicts import Judgement, Verdict, is_copy, is_product, judged

_VIEWS_KEPT = 512
_SAME_COLOURS = 4.0  # levels: one product in two shades is no duplicate
_BLOCK = 256
_LOOKED_UP = 5_000  # pictures: of more, looking each one up takes too long
_WHOLE: frozenset[Verdict] = frozenset(("near-duplicate", "mirrored", "rotated"))


@dataclass(frozen=True, slots=True)
class Member:
    """A picture of a cluster.

    Attributes:
        record_id: The id of its record.
        part: The picture.
        width: Pixels, upright.
        height: Pixels, upright.
        size_bytes: Length of the file.
        verdict: What it is of the one to keep: ``same-file``, which that one itself is too,
            ``same-pixels``, ``near-duplicate``, ``mirrored`` or ``rotated``.
        confidence: Of the verdict, 0 to 1.
    """

    record_id: str
    part: Part
    width: int
    height: int
    size_bytes: int
    verdict: Verdict
    confidence: float


@dataclass(frozen=True, slots=True)
class Cluster:
    """Pictures that are the same.

    Attributes:
        keep: The one to keep, see ``search.copies.keep_choice``.
        others: The rest, surest first.
    """

    keep: Member
    others: tuple[Member, ...]


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
        self._read_picture = read_picture
        self._decode = decode
        self._workers = workers
        self._on_progress = on_progress
        self._views: LRUCache[int, PictureView | None] = LRUCache(_VIEWS_KEPT)
        self._unreadable: set[int] = set()
        self._compared = 0
        self._done = self._total = 0
        self._lock = Lock()

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
        groups = UnionFind()
        for pair in contents.copies:
            if pictures.keys() >= set(pair):  # not removed meanwhile
                groups.join(*pair)
        judgements: dict[tuple[int, int], Judgement] = {}
        for pair, judgement in self._verified(pairs, pictures, groups):
            if judgement.verdict in _WHOLE:
                groups.join(*pair)
                judgements[pair] = judgement
        clusters = self._clusters(groups, pictures, judgements)
        return Duplicates(
            tuple(clusters),
            contents.pictures,
            self._compared,
            missing,
            len(self._unreadable),
            pairs.crowded,
        )

    def _links(self, firsts: Int64Array) -> set[tuple[int, int]]:
        """Look every picture up among the others: that finds crops, borders and small turns.

        What is stored of two pictures tells too little of these; the pixels of one do.
        """
        index = self._collection.fingerprint_follower.index()
        among = set(firsts.tolist())
        with self._collection.reading() as session:
            pictures = session.fingerprints.pictures(among)

        def others_of(part_id: int) -> list[int]:
            view = self._view(pictures[part_id]) if part_id in pictures else None
            if view is None:
                return []
            suspects = by_hash(index, view)
            add_votes(suspects, index, view)
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
        self, pairs: PicturePairs, pictures: dict[int, KnownPicture], groups: UnionFind
    ) -> Iterator[tuple[tuple[int, int], Judgement]]:
        """Verify pairs, neighbours in id together, so that few pictures are read twice."""

        def verify_pair(lower: int, upper: int, variant: int) -> Judgement | None:
            return self._verify((lower, upper), variant, pictures)

        with ThreadPoolExecutor(self._workers, "verify") as threads:
            for block in pairs.blocks(_BLOCK):
                waiting = [
                    (lower, upper, variant)
                    for lower, upper, variant in block
                    if lower in pictures and upper in pictures  # not removed meanwhile
                    and not groups.are_settled(lower, upper)
                ]  # fmt: skip
                self._advance(len(block) - len(waiting))
                found = threads.map(verify_pair, *zip(*waiting, strict=True)) if waiting else ()
                for (lower, upper, _), judgement in zip(waiting, found, strict=True):
                    self._compared += 1
                    self._advance(1)
                    if judgement is not None:
                        yield (lower, upper), judgement

    def _verify(
        self, pair: tuple[int, int], variant: int, pictures: dict[int, KnownPicture]
    ) -> Judgement | None:
        match = self._match(pair, variant, pictures)
        return judged(match) if match is not None and _is_duplicate(match) else None

    def _judge_anyhow(
        self, pair: tuple[int, int], pictures: dict[int, KnownPicture]
    ) -> Judgement | None:
        """Compare two in the form whose hash is nearest, and mirrored as well as not."""
        one, other = (self._view(pictures[part_id]) for part_id in pair)
        if one is None or other is None:
            return None
        forms = distances(variant_hashes(one.grey), perceptual_hash(other.grey)[np.newaxis])
        matches = [
            verify_whole(one, other, int(forms.argmin())),
            verify(one, other),
            verify(one, other, mirrored=True),
        ]
        copies = [match for match in matches if match is not None and _is_duplicate(match)]
        best = max(copies, key=lambda match: match.log_odds, default=None)
        return judged(best) if best is not None else None

    def _have_same_pixels(self, pair: tuple[int, int], pictures: dict[int, KnownPicture]) -> bool:
        one, other = (self._pixels(pictures[part_id]) for part_id in pair)
        return one is not None and other is not None and np.array_equal(one, other)

    def _pixels(self, picture: KnownPicture) -> PixelArray | None:
        exact = ImageSpec(picture.info.width, picture.info.height, "squash")
        try:
            return self._decode(self._read_picture(picture.part), exact).pixels
        except (OSError, BinocleError):  # moved or changed since
            return None

    def _match(
        self, pair: tuple[int, int], variant: int, pictures: dict[int, KnownPicture]
    ) -> VerifiedMatch | None:
        one, other = (self._view(pictures[part_id]) for part_id in pair)
        if one is None or other is None:
            lost = [part_id for part_id, view in zip(pair, (one, other), strict=True) if not view]
            with self._lock:
                self._unreadable.update(lost)
            return None
        if variant != NO_FORM:
            whole = verify_whole(one, other, variant)
            if whole is not None and is_copy(whole):
                return whole
        return verify(one, other, mirrored=variant != NO_FORM and VARIANTS[variant][1])

    def _view(self, picture: KnownPicture) -> PictureView | None:
        part_id = picture.part.id
        with self._lock:
            if part_id in self._views:
                return self._views[part_id]
        view: PictureView | None
        try:
            data = self._read_picture(picture.part)
            size = (picture.info.width, picture.info.height)
            view = PictureView(self._decode(data, working_spec(size)).pixels)
        except (OSError, BinocleError):  # moved or changed since
            view = None
        with self._lock:
            self._views[part_id] = view
        return view

    def _clusters(
        self,
        groups: UnionFind,
        pictures: dict[int, KnownPicture],
        judgements: dict[tuple[int, int], Judgement],
    ) -> list[Cluster]:
        found = groups.clusters()
        owners = {pictures[one].record_id for members in found for one in members}
        with self._collection.reading() as session:
            keys = session.records.keys_of(owners)
        comparing = Comparing(
            lambda part_id: self._view(pictures[part_id]),
            lambda pair: self._judge_anyhow(pair, pictures),
            lambda pair: self._have_same_pixels(pair, pictures),
        )
        within: dict[int, dict[tuple[int, int], Judgement]] = {}
        for pair, judgement in judgements.items():
            within.setdefault(groups.first_of(pair[0]), {})[pair] = judgement
        clusters = []
        for every in found:
            members = [one for one in every if pictures[one].record_id in keys]
            if len(members) < 2:  # the others were removed meanwhile
                continue
            firsts: dict[bytes, int] = {}
            same = {one: firsts.setdefault(pictures[one].sha256, one) for one in members}
            known = within.get(groups.first_of(members[0]), {})
            best = best_of(list(firsts.values()), pictures, known, comparing)
            how = comparing if len(firsts) <= LARGE else replace(comparing, verify=lambda _: None)
            found_of = {
                one: judgement_of(best, one, pictures, known, how) for one in firsts.values()
            }
            rest = [
                _member(pictures[one], keys, found_of[same[one]]) for one in members if one != best
            ]
            rest.sort(key=lambda one: (-one.confidence, one.part.id))
            itself = Judgement("same-file", 1.0)
            clusters.append(Cluster(_member(pictures[best], keys, itself), tuple(rest)))
        return sorted(clusters, key=lambda one: (-len(one.others), one.keep.part.id))


def _is_duplicate(match: VerifiedMatch) -> bool:
    """Tell copies from two shades of one product: who removes duplicates wants to keep those."""
    if is_product(match) and match.evidence.colours.most > _SAME_COLOURS:
        return False
    return is_copy(match)


def _member(picture: KnownPicture, keys: dict[int, str], judgement: Judgement) -> Member:
    info = picture.info
    return Member(
        keys[picture.record_id],
        picture.part,
        info.width,
        info.height,
        info.size_bytes,
        judgement.verdict,
        judgement.confidence,
    )
