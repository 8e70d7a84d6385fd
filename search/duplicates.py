"""Which pictures of a collection are the same: pairs by hash and features, verified, then joined.

Nothing is removed here. What is joined are copies of the whole picture: the same bytes, near
duplicates, mirrored and turned ones; parts of pictures are not duplicates.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from threading import Lock

import numpy as np
import numpy.typing as npt

from binocle.catalog import likeness
from binocle.catalog.likeness import KnownPicture
from binocle.collection import Collection
from binocle.errors import BinocleError
from binocle.likeness.grey import use_one_thread
from binocle.likeness.hashes import VARIANTS, turned_hashes
from binocle.likeness.verification import Match, View, verify, verify_whole
from binocle.types import Int64Array, Part
from search.lookup import Decode, ReadPicture, working_spec
from search.verdicts import Judgement, Verdict, is_copy, judged

_PAIR_BITS = 44  # of 256; what is farther is left to shared features
_SHARED_FEATURES = 14.0
_CLEAR_SHARE = 0.9
_VIEWS_KEPT = 512
_PLAIN_TEXTURE = 0.66
_TINT = 4.0  # levels of mean Cr or Cb
_BLOCK = 256
_WHOLE: frozenset[Verdict] = frozenset(("same-file", "near-duplicate", "mirrored", "rotated"))


@dataclass(frozen=True, slots=True)
class Member:
    """A picture of a cluster.

    Attributes:
        record_id: The id of its record.
        part: The picture.
        width: Pixels, upright.
        height: Pixels, upright.
        size_bytes: Length of the file.
        verdict: What it is of the one to keep; ``same-file`` for that one itself.
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
        keep: The one with most pixels, then most bytes, then the first stored.
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
    """

    clusters: tuple[Cluster, ...]
    pictures: int
    compared: int
    unprepared: int
    unreadable: int = 0


class _Groups:
    """Union-find; the least member names its group."""

    def __init__(self, members: Iterable[int]) -> None:
        self._up = {one: one for one in members}

    def first_of(self, one: int) -> int:
        while self._up[one] != one:
            self._up[one] = one = self._up[self._up[one]]
        return one

    def join(self, one: int, other: int) -> None:
        first, second = sorted((self.first_of(one), self.first_of(other)))
        self._up[second] = first

    def clusters(self) -> list[list[int]]:
        """Return the groups of more than one, members ascending."""
        found: dict[int, list[int]] = {}
        for one in sorted(self._up):
            found.setdefault(self.first_of(one), []).append(one)
        return [members for members in found.values() if len(members) > 1]


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
            on_progress: Told how many pairs of how many are done; 0 of 0 before that is known. What
                it raises ends the search.
        """
        self._collection = collection
        self._read_picture = read_picture
        self._decode = decode
        self._workers = workers
        self._on_progress = on_progress
        self._views: OrderedDict[int, View | None] = OrderedDict()
        self._unreadable: set[int] = set()
        self._lock = Lock()
        use_one_thread()

    def find(self) -> Duplicates:
        """Find all clusters."""
        index = self._collection.known_pictures.index()
        with self._collection.reading() as connection:
            rows = list(likeness.likenesses_after(connection, 0))
            part_ids = [int(one) for block in rows for one in block.part_ids]
            pictures = likeness.known_pictures(connection, part_ids)
        groups = _Groups(pictures)
        judgements: dict[tuple[int, int], Judgement] = {}
        for pair in _same_files(pictures):
            groups.join(*pair)
        # Of pictures with the same bytes only the first is compared with others.
        firsts = {one: groups.first_of(one) for one in pictures}
        pairs: dict[tuple[int, int], int | None] = {}
        for block in rows:
            self._on_progress(0, 0)  # so that whoever wants can stop it
            by_features = index.sharing(block.features, _SHARED_FEATURES)
            by_hash = _near_hashes(index.within, block.hashes)
            for place, part_id in enumerate(block.part_ids.tolist()):
                for other in by_features[place].tolist():
                    _note(pairs, firsts, part_id, other, None)
                for other, variant in by_hash[place]:
                    _note(pairs, firsts, part_id, other, variant)
        for pair, judgement in self._verified(pairs, pictures):
            if judgement.verdict in _WHOLE:
                groups.join(*pair)
                judgements[pair] = judgement
        clusters = self._clusters(groups, pictures, judgements)
        missing = self._collection.known_pictures.missing
        return Duplicates(
            tuple(clusters), len(pictures), len(pairs), missing, len(self._unreadable)
        )

    def _verified(
        self, pairs: dict[tuple[int, int], int | None], pictures: dict[int, KnownPicture]
    ) -> Iterator[tuple[tuple[int, int], Judgement]]:
        """Verify pairs, neighbours in id together, so that few pictures are read twice."""
        ordered = sorted(pairs)

        def judge(pair: tuple[int, int]) -> Judgement | None:
            match = self._match(pair, pairs[pair], pictures)
            return judged(match) if match is not None and is_copy(match) else None

        done = 0
        with ThreadPoolExecutor(self._workers, "verify") as threads:
            remaining = iter(ordered)
            while block := list(islice(remaining, _BLOCK)):
                for pair, judgement in zip(block, threads.map(judge, block), strict=True):
                    done += 1
                    self._on_progress(done, len(ordered))
                    if judgement is not None:
                        yield pair, judgement

    def _match(
        self, pair: tuple[int, int], variant: int | None, pictures: dict[int, KnownPicture]
    ) -> Match | None:
        one, other = (self._view(pictures[part_id]) for part_id in pair)
        if one is None or other is None:
            return None
        if variant is not None:
            whole = verify_whole(one, other, variant)
            if whole is not None and is_copy(whole):
                return whole if _same_colours(one, other, whole) else None
        match = verify(one, other, mirrored=variant is not None and VARIANTS[variant][1])
        return match if match is not None and _same_colours(one, other, match) else None

    def _view(self, picture: KnownPicture) -> View | None:
        part_id = picture.part.id
        with self._lock:
            if part_id in self._views:
                self._views.move_to_end(part_id)
                return self._views[part_id]
        view: View | None
        try:
            data = self._read_picture(picture.part)
            size = (picture.info.width, picture.info.height)
            view = View(self._decode(data, working_spec(size)).pixels)
        except (OSError, BinocleError):  # moved or changed since
            view = None
        with self._lock:
            self._views[part_id] = view
            if view is None:
                self._unreadable.add(part_id)
            while len(self._views) > _VIEWS_KEPT:
                self._views.popitem(last=False)
        return view

    def _clusters(
        self,
        groups: _Groups,
        pictures: dict[int, KnownPicture],
        judgements: dict[tuple[int, int], Judgement],
    ) -> list[Cluster]:
        found = groups.clusters()
        owners = {pictures[one].record_id for members in found for one in members}
        with self._collection.reading() as connection:
            keys = likeness.keys_of_records(connection, owners)
        clusters = []
        for every in found:
            members = [one for one in every if pictures[one].record_id in keys]
            if len(members) < 2:  # the others were removed meanwhile
                continue
            best = min(members, key=lambda one: _merit(pictures[one]))
            rest = [
                _member(pictures[one], keys, _between(judgements, pictures, best, one))
                for one in members
                if one != best
            ]
            rest.sort(key=lambda one: (-one.confidence, one.part.id))
            itself = Judgement("same-file", 1.0)
            clusters.append(Cluster(_member(pictures[best], keys, itself), tuple(rest)))
        return sorted(clusters, key=lambda one: (-len(one.others), one.keep.part.id))


def _same_colours(one: View, other: View, match: Match) -> bool:
    """Tell thumbnails and things on plain ground of other colours apart: those are variants."""
    is_plain = match.is_small or match.agreement.textured < _PLAIN_TEXTURE
    return not is_plain or float(np.abs(one.tint - other.tint).max()) <= _TINT


def _near_hashes(
    within: Callable[[npt.NDArray[np.uint8], int], list[Int64Array]],
    hashes: npt.NDArray[np.uint8],
) -> list[list[tuple[int, int]]]:
    """Return, for each hash, the pictures near one of its eight forms, and which form."""
    forms = turned_hashes(hashes)
    found: list[list[tuple[int, int]]] = [[] for _ in hashes]
    for variant in range(forms.shape[1]):
        for place, near in enumerate(within(forms[:, variant], _PAIR_BITS)):
            found[place] += [(int(one), variant) for one in near.tolist()]
    return found


def _note(
    pairs: dict[tuple[int, int], int | None],
    firsts: dict[int, int],
    one: int,
    other: int,
    variant: int | None,
) -> None:
    """Note a pair once, lower id first; a form is that of the lower one."""
    if one not in firsts or other not in firsts or one >= other:
        return
    pair = (firsts[one], firsts[other])
    if pair[0] != pair[1]:
        pair = (min(pair), max(pair))
        if variant is not None or pair not in pairs:
            pairs.setdefault(pair, variant)
            if pairs[pair] is None:
                pairs[pair] = variant


def _same_files(pictures: dict[int, KnownPicture]) -> Iterator[tuple[int, int]]:
    """Yield pairs of the first picture of each content and every other one of it."""
    by_content: dict[bytes, list[int]] = {}
    for part_id in sorted(pictures):
        by_content.setdefault(pictures[part_id].sha256, []).append(part_id)
    for members in by_content.values():
        yield from ((members[0], other) for other in members[1:])


def _merit(picture: KnownPicture) -> tuple[int, int, int]:
    info = picture.info
    return -info.width * info.height, -info.size_bytes, picture.part.id


def _between(
    judgements: dict[tuple[int, int], Judgement],
    pictures: dict[int, KnownPicture],
    one: int,
    other: int,
) -> Judgement:
    """Return what was found of two members; where only others link them, that they are alike."""
    if pictures[one].sha256 == pictures[other].sha256:
        return Judgement("same-file", 1.0)
    found = judgements.get((min(one, other), max(one, other)))
    return found or Judgement("near-duplicate", 0.5)


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
