"""Is this picture, or something made from it, in the collection?

Exact bytes in SQL; perceptual hashes of the query's turned and mirrored forms and shared local
features in memory; embedding neighbours; then the few that are left are read and verified
pixel by pixel. What nothing verifies can at most be ``similar``.
"""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from binocle.catalog.types import KnownPicture
from binocle.collection.collection import Collection
from binocle.errors import BinocleError
from binocle.fingerprints.picture_view import FINE_SIDE, PictureView
from binocle.fingerprints.verification import verify, verify_whole
from binocle.fingerprints.verified_match import VerifiedMatch
from binocle.media import images
from binocle.media.kinds import IMAGE
from binocle.types import Float32Array, Limits, PixelArray
from binocle.vectors.fingerprints.fingerprint_index import FingerprintIndex
from search.copies.candidates import (
    SIMILAR_AMONG,
    CopyCandidate,
    add_neighbours,
    add_votes,
    by_cells,
    by_hash,
)
from search.copies.lookup_candidates import (
    Findings,
    LookupAnswer,
    LookupCandidate,
    judgements_of,
    ranked_candidates,
)
from search.copies.stages import Stages
from search.copies.stored_pictures import (
    Decode,
    ReadPicture,
    StoredPictures,
    exact_spec,
    working_spec,
)
from search.copies.verdicts import (
    backed_by_detail,
    backed_by_hash,
    is_copy,
    is_variant,
)

_AT_ONCE = 4
_LIKELY = 0.3  # of the weight of the likeliest: what has less waits, or is left
_MANY = 20.0
_CLEAR_SHARE = 0.9
_LEAST_FINE_PIXELS = 400 * 400  # of a query: a smaller one has no more to show
_FINE_EFFORT = 0.5
_PLAIN = 10.0  # levels that greys spread: hashes of plainer pictures are near those of any other


@dataclass(frozen=True, slots=True)
class _Search:
    """A picture that is looked up, and what is known so far."""

    data: bytes
    size: tuple[int, int]
    index: FingerprintIndex
    suspects: dict[int, CopyCandidate]
    tried: dict[int, bool]  # by part id, whether it could be read
    found: Findings
    watch: Stages


class Lookup:
    """Looks pictures up in one collection. Thread-safe."""

    def __init__(
        self,
        collection: Collection,
        read_picture: ReadPicture,
        *,
        embed: Callable[[bytes], Float32Array] | None = None,
        decode: Decode | None = None,
        limits: Limits | None = None,
        workers: int = 2,
    ) -> None:
        """Set up.

        Args:
            collection: Where to look.
            read_picture: Returns the file of a stored picture; may raise OSError or BinocleError,
                and that picture is passed over.
            embed: Returns a picture's ``(d,)`` float32 unit row in the collection's space; called
                where no copy was found, to name what is similar. None leaves that out.
            decode: Decodes a picture; by default in this process.
            limits: What a picture may cost.
            workers: How many stored pictures are verified at once.
        """
        self._collection = collection
        self._embed = embed
        self._limits = limits or Limits()
        self._decode = decode or (lambda data, spec: images.load(data, spec, self._limits))
        self._stored = StoredPictures(read_picture, self._decode)
        self._workers = workers

    def find(self, data: bytes, *, limit: int = 10) -> LookupAnswer:
        """Look a picture up.

        Args:
            data: The encoded file.
            limit: At most so many candidates.

        Raises:
            PictureError: The picture cannot be read.
            ModelError: The collection's encoder cannot be had.
        """
        watch = Stages()
        with watch.stage("decode"):
            size = images.upright_size(data, self._limits)
            query = PictureView(self._decode(data, working_spec(size)).pixels)
        with watch.stage("catch_up"):
            index = self._collection.fingerprint_follower.index()
        with watch.stage("hash"):
            same = self._same_files(data)
            suspects = by_hash(index, query)
        found, tried = Findings(), dict.fromkeys(same, True)
        search = _Search(data, size, index, suspects, tried, found, watch)
        self._compare(search, query, is_known=bool(same))
        found.keep_truest()
        with watch.stage("pixels"):
            identical = self._same_pixels(data, size, found.copies)
        is_plain = float(query.grey.std()) < _PLAIN
        unread = {one for one, is_read in tried.items() if not is_read and not is_plain}
        candidates = self._candidates(same, found, identical, suspects, unread)[:limit]
        verdict = candidates[0].judgement.verdict if candidates else "none"
        compared = [is_read for part_id, is_read in tried.items() if part_id not in same]
        return LookupAnswer(
            verdict,
            tuple(candidates),
            verified=compared.count(True),
            unprepared=self._collection.fingerprint_follower.missing,
            took_ms=watch.result(),
            unreadable=compared.count(False),
        )

    def _compare(self, search: _Search, query: PictureView, *, is_known: bool) -> None:
        """Compare what may be it; what costs more only where nothing was found so far."""
        found, watch = search.found, search.watch
        with watch.stage("features"):
            add_votes(search.suspects, search.index, query)
        self._verify(search, query)
        if found.copies or is_known:
            return
        with watch.stage("features"):
            add_votes(search.suspects, search.index, query, mirrored=True)
        self._verify(search, query, mirrored=True)
        if not found.copies and search.size[0] * search.size[1] >= _LEAST_FINE_PIXELS:
            self._look_closer(search)
        if not found.copies and self._embed is not None:
            with watch.stage("embed"):
                rows = self._embed(search.data)[np.newaxis]
            with watch.stage("neighbours"):
                snapshot = self._collection.snapshot((IMAGE,))
                nearest = snapshot.nearest(IMAGE, rows, SIMILAR_AMONG)[0]
                add_neighbours(search.suspects, nearest)
            self._verify(search, query)

    def _look_closer(self, search: _Search) -> None:
        """Look for stored pictures that a large one shows small: in a collage, or as an inset."""
        watch = search.watch
        with watch.stage("decode"):
            spec = working_spec(search.size, FINE_SIDE)
            query = PictureView(self._decode(search.data, spec).pixels, is_fine=True)
        for mirrored in (False, True):
            with watch.stage("hash"):
                suspects = {} if mirrored else by_cells(search.index, query)
            with watch.stage("features"):
                votes = partial(add_votes, effort=_FINE_EFFORT, always=1)
                votes(suspects, search.index, query, mirrored=mirrored)
            again = replace(search, suspects=suspects, tried={})
            self._verify(again, query, mirrored=mirrored)
            search.tried.update(again.tried)
            if search.found.copies:
                return

    def _same_files(self, data: bytes) -> list[int]:
        with self._collection.reading() as session:
            return session.parts.images_with_content(hashlib.sha256(data).digest())

    def _verify(self, search: _Search, query: PictureView, *, mirrored: bool = False) -> None:
        """Verify suspects, likeliest first, a few at a time; stop when the rest is unlikely."""
        weight = partial(CopyCandidate.weight, mirrored=mirrored)
        wanted = [
            one
            for one in search.suspects.values()
            if (one.mirrored_votes if mirrored else one.part_id not in search.tried)
        ]
        with self._collection.reading() as session:
            pictures = session.fingerprints.pictures([one.part_id for one in wanted])
        waiting = sorted(
            (one for one in wanted if one.part_id in pictures),
            key=lambda one: (-weight(one), -(one.similarity or -1.0), one.part_id),
        )
        with search.watch.stage("verify"), ThreadPoolExecutor(self._workers, "verify") as threads:
            while waiting:
                first = weight(waiting[0])
                known = (
                    weight(search.suspects[one])
                    for one in search.found.copies
                    if one in search.suspects
                )
                sure = [first if first > _MANY else 0.0, *known]
                batch = [one for one in waiting[:_AT_ONCE] if weight(one) >= _LIKELY * max(sure)]
                if not batch:
                    break
                del waiting[: len(batch)]
                matches = threads.map(
                    lambda one: self._compared(
                        query, one, pictures[one.part_id], mirrored=mirrored
                    ),
                    batch,
                )
                for one, (match, is_read) in zip(batch, matches, strict=True):
                    search.tried[one.part_id] = is_read
                    search.found.add(one.part_id, match)

    def _compared(
        self, query: PictureView, suspect: CopyCandidate, picture: KnownPicture, *, mirrored: bool
    ) -> tuple[VerifiedMatch | None, bool]:
        """Return what a stored picture has in common with the query, and whether it was read."""
        stored = self._stored.view(picture)
        if stored is None:  # moved or changed since: nothing can be said of it
            return None, False
        whole = None
        if suspect.is_inverted:
            query = query.inverted
        if suspect.bits is not None:
            whole = verify_whole(query, stored, suspect.variant, suspect.tile)
            if whole is not None and _is_clear(whole):
                return whole, True
            if whole is not None and suspect.tile is None:
                whole = backed_by_hash(whole, suspect.bits)
        both = verify(query, stored, mirrored=mirrored), whole
        found = [backed_by_detail(one) for one in both if one is not None]
        best = max(found, key=lambda one: one.log_odds, default=None)
        if best is not None and is_copy(best):
            return best, True
        return next(filter(is_variant, found), best), True

    def _same_pixels(
        self, data: bytes, size: tuple[int, int], found: dict[int, VerifiedMatch]
    ) -> set[int]:
        """Return which of the copies have exactly the query's pixels."""
        with self._collection.reading() as session:
            pictures = session.fingerprints.pictures(found)
        own: PixelArray | None = None
        identical = set()
        for part_id, picture in pictures.items():
            alike = found[part_id].evidence.agreement.share > 0.99
            if not alike or (picture.info.width, picture.info.height) != size:
                continue
            try:
                own = self._decode(data, exact_spec(size)).pixels if own is None else own
            except BinocleError:  # not in full size
                break
            other = self._stored.pixels(picture)
            if other is not None and np.array_equal(own, other):
                identical.add(part_id)
        return identical

    def _candidates(
        self,
        same: Sequence[int],
        found: Findings,
        identical: set[int],
        suspects: dict[int, CopyCandidate],
        unread: set[int],
    ) -> list[LookupCandidate]:
        copies, variants = found.copies, found.variants
        judgements = judgements_of(same, copies, identical, variants, suspects, unread)
        with self._collection.reading() as session:
            pictures = session.fingerprints.pictures(judgements)
            owners = [one.record_id for one in pictures.values()]
            records = session.records.by_number(owners)
        return ranked_candidates(judgements, pictures, records, suspects)


def _is_clear(match: VerifiedMatch) -> bool:
    """Tell whether corners need not be asked any more."""
    return match.evidence.agreement.share >= _CLEAR_SHARE and is_copy(match)
