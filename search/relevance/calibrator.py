"""What a cosine means: how likely a hit is what was asked for, and whether anything fits."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from binocle.collection.collection import Collection
from binocle.collection.snapshot import Snapshot
from binocle.encoders.base import Encoder
from binocle.media.kinds import IMAGE, KINDS, TEXT
from binocle.types import Float32Array, Int64Array, Kind
from search.relevance import hub_correction
from search.relevance.background_vectors import BackgroundVectors
from search.relevance.calibration import MIN_PARTS, SAMPLE, Calibration
from search.relevance.hub_correction import Hubs, hubs_of_pairs, parts_beside
from search.relevance.score_model import ScoreModel

_GROWTH = 0.25


@dataclass(frozen=True, slots=True)
class _Sample:
    """Parts of one kind that stand for all, and when they were chosen."""

    part_ids: Int64Array
    rows: Float32Array
    count: int
    newest_part: int

    def fits(self, count: int, newest_part: int) -> bool:
        """Tell whether few parts have come and gone since."""
        if not self.count:  # newer parts may be of other kinds
            return not count
        room = _GROWTH * self.count
        return abs(count - self.count) <= room and newest_part - self.newest_part <= room


@dataclass(frozen=True, slots=True)
class _Direction:
    """What is known of queries of one kind over parts of one kind."""

    calibration: Calibration | None
    hubs: Hubs | None
    basis: tuple[_Sample, ...]
    is_paired: bool = False  # most parts have one of the other kind beside them


class Relevance:
    """Calibrates a collection, and judges queries by it. Thread-safe.

    A calibration is made when it is first needed, from a few thousand vectors spread evenly over
    the collection, and made again when a quarter of the collection has come or gone. Only the
    background texts, which take a model to embed, are kept beside the catalogue.

    Attributes:
        background: The vectors of the background texts.
    """

    def __init__(self, collection: Collection, load_encoder: Callable[[], Encoder]) -> None:
        """Set up; nothing is computed yet.

        Args:
            collection: Whose hits are judged.
            load_encoder: As for ``Searcher``; asked once for each collection, for the background
                texts, and only where texts ask.
        """
        self._collection = collection
        self.background = BackgroundVectors(collection, load_encoder)
        self._samples: dict[Kind, _Sample] = {}
        self._directions: dict[tuple[Kind, Kind], _Direction] = {}
        self._fitted: dict[tuple[Kind, Kind], int] = {}  # at which change that was last looked at
        self._calibrating = threading.Lock()

    def score_models(
        self,
        kind: Kind,
        sources: Sequence[Kind | None],
        queries_qd: Float32Array,
        *,
        change: int | None = None,
        together: bool = False,
    ) -> list[ScoreModel | None]:
        """Return a judge for each query.

        Args:
            kind: Which parts are searched.
            sources: ``(q,)`` what each query is: words, or a picture. Of one that is composed, what
                has the larger weight; None for vectors of unknown origin.
            queries_qd: ``(q, d)`` float32 unit rows.
            change: The collection's change number where the caller knows it: with the same one
                as before nobody looks whether the collection has grown.
            together: Where most of the parts have one of the other kind beside them, texts that
                ask are compared with those as well, to tell whether there is an answer.

        Returns:
            For each query its judge; None where nobody can tell: a collection of fewer than 20
            parts, pictures asking a collection that has none, vectors of unknown origin.

        Raises:
            ModelError: The background texts cannot be embedded.
        """
        score_models: list[ScoreModel | None] = [None] * len(sources)
        for source in {one for one in sources if one is not None}:
            direction = self._direction(kind, source, change)
            places = [place for place, one in enumerate(sources) if one == source]
            if direction.calibration is not None:
                rows = queries_qd[places]
                found = direction.calibration.score_models(rows)
                if together and source == TEXT and direction.is_paired:
                    found = self._told(found, rows, kind, change)
                for place, score_model in zip(places, found, strict=True):
                    score_models[place] = score_model
        return score_models

    def are_described(self, source: Kind | None) -> bool:
        """Tell whether most pictures have texts beside them; False where nobody asks for these.

        Args:
            source: What the query is.
        """
        known = self._directions.get((IMAGE, source)) if source else None
        return known is not None and known.is_paired

    def _told(
        self, score_models: Sequence[ScoreModel], rows: Float32Array, kind: Kind, change: int | None
    ) -> Sequence[ScoreModel]:
        """Return judges of texts that know what the other kind says of whether there is an answer.

        Both know of the same records, and err in different ways.
        """
        other = self._direction(_other_kind(kind), TEXT, change).calibration
        if other is None:
            return score_models
        return [
            own.told_beside(auxiliary)
            for own, auxiliary in zip(score_models, other.score_models(rows), strict=True)
        ]

    def why_unrated(self, kind: Kind, source: Kind) -> str:
        """Return why ``score_models`` has none for such queries, in a few words for a person.

        Args:
            kind: Which parts are searched.
            source: What the query is.
        """
        snapshot = self._collection.snapshot((kind, source))
        if snapshot.count_parts(kind) < MIN_PARTS:
            return (
                f"the collection has fewer than {MIN_PARTS} {KINDS.of(kind).plural} to compare with"
            )
        if source == IMAGE and snapshot.count_parts(IMAGE) < MIN_PARTS:
            return f"the collection has fewer than {MIN_PARTS} pictures to compare a picture with"
        return "the model tells too few words apart"

    def depth(self, kind: Kind, source: Kind | None, *, change: int | None = None) -> int:
        """Return how many candidates ``reorder`` must be given, 0 where it changes nothing.

        Args:
            kind: Which parts are searched.
            source: What the query is.
            change: As for ``score_models``.
        """
        return hub_correction.DEPTH if source and self._direction(kind, source, change).hubs else 0

    def reorder(
        self,
        kind: Kind,
        source: Kind | None,
        part_ids: Int64Array,
        scores: Float32Array,
        *,
        snapshot: Snapshot | None = None,
    ) -> tuple[Int64Array, Float32Array]:
        """Move hubs down among the first candidates.

        Only the first ``depth`` change places, and only among themselves, so pages fit together
        as long as at least these are given for each. Scores stay comparable to cosines, so a
        judge's relevance and cut-off hold for them.

        Args:
            kind: Which parts were searched.
            source: What the query is.
            part_ids: ``(n,)`` int64, nearest first.
            scores: ``(n,)`` float32 their cosines.
            snapshot: The collection as it was searched; None for as it is now.

        Returns:
            ``(n,)`` int64 places in ``part_ids``, and ``(n,)`` float32 the corrected scores in
            that order, never rising.
        """
        change = None if snapshot is None else snapshot.change
        found = self._direction(kind, source, change).hubs if source else None
        if found is None or len(part_ids) < 2:
            return np.arange(len(part_ids)), scores
        first = part_ids[: hub_correction.DEPTH]
        seen = snapshot or self._collection.snapshot((kind,))
        hubness = found.hubness_of(first, seen.vectors(kind).rows)
        if hubness is None:  # some are gone meanwhile
            return np.arange(len(part_ids)), scores
        return found.reorder(scores, part_ids, hubness)

    def prepare(self, is_stopped: Callable[[], bool] = lambda: False) -> None:
        """Calibrate now, so that no query waits for it: after indexing, or at a start.

        Args:
            is_stopped: Asked between steps of some milliseconds; True leaves the rest undone.

        Raises:
            ModelError: The background texts cannot be embedded.
        """
        snapshot = self._collection.snapshot()
        kinds = [kind for kind in KINDS if snapshot.count_parts(kind) >= MIN_PARTS]
        for kind in kinds:
            self.background.prepare(is_stopped)
            for source in KINDS:
                if is_stopped():
                    return
                self._direction(kind, source)

    def _direction(self, kind: Kind, source: Kind, change: int | None = None) -> _Direction:
        """Return what is known; while another thread calibrates anew, what was known before."""
        known = self._directions.get((kind, source))
        if known is not None and change is not None and self._fitted.get((kind, source)) == change:
            return known
        if known is not None and all(
            sample.fits(*self._size(one))
            for sample, one in zip(known.basis, (kind, source), strict=False)
        ):
            if change is not None:
                self._fitted[kind, source] = change
            return known
        if not self._calibrating.acquire(blocking=known is None):
            assert known is not None
            return known
        try:
            self._directions[kind, source] = self._calibrated(kind, source)
            return self._directions[kind, source]
        finally:
            self._calibrating.release()

    def _size(self, kind: Kind) -> tuple[int, int]:
        snapshot = self._collection.snapshot((kind,))
        return snapshot.count_parts(kind), snapshot.newest_part

    def _calibrated(self, kind: Kind, source: Kind) -> _Direction:
        sample, asking = self._sample(kind), self._sample(source)
        # A picture's own kind is its background; so as not to find themselves, they are set apart.
        spread = np.linspace(0, len(asking.rows) - 1, min(len(asking.rows), hub_correction.BANK))
        bank = asking.rows[np.unique(spread.astype(np.int64))]
        is_asked = source == TEXT and len(sample.rows) >= MIN_PARTS
        queries = self.background.rows() if is_asked else bank
        answered = bank if kind != source and len(bank) else None
        calibration = Calibration.measure(
            sample.rows, sample.count, queries, source=source, kind=kind, own_qd=answered
        )
        snapshot = self._collection.snapshot((kind, _other_kind(kind)))
        own, others = parts_beside(
            sample.part_ids, snapshot.owners(kind), snapshot.owners(_other_kind(kind))
        )
        rows_of = snapshot.vectors(_other_kind(kind)).rows
        hubs = None
        if kind != source and len(own):
            hubs = hubs_of_pairs(sample.part_ids, sample.rows, own, others, rows_of)
        is_paired = bool(len(own)) and 2 * len(own) >= len(sample.part_ids)
        return _Direction(calibration, hubs, (sample, asking), is_paired)

    def _sample(self, kind: Kind) -> _Sample:
        """Return vectors spread evenly over the parts; the same parts give the same sample."""
        snapshot = self._collection.snapshot((kind,))
        known = self._samples.get(kind)
        if known is not None and known.fits(snapshot.count_parts(kind), snapshot.newest_part):
            return known
        vectors = snapshot.vectors(kind)
        ids = vectors.ids()
        places = np.linspace(0, len(ids) - 1, SAMPLE).astype(np.int64)
        part_ids, rows = vectors.rows(ids[places] if len(ids) > SAMPLE else ids)
        self._samples[kind] = _Sample(part_ids, rows, len(ids), snapshot.newest_part)
        return self._samples[kind]


def _other_kind(kind: Kind) -> Kind:
    """Return the kind that says the same in another way: texts, and of these the pictures."""
    return IMAGE if kind == TEXT else TEXT
