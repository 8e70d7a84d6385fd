"""Which stored pictures may be a query's: the short list that is then verified.

Perceptual hashes of the query's turned and mirrored forms, of its inside and of its tiles; local
features that vote; neighbours by embedding. What is not on the list is never read.
"""

import statistics
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from binocle.collection.snapshot import Ranking
from binocle.fingerprints.fingerprint import perceptual_hash, variant_hashes
from binocle.fingerprints.picture_view import Box, PictureView
from binocle.vectors.fingerprints.fingerprint_index import FingerprintIndex

SIMILAR_AMONG = 200
_HASH_BITS = 90  # unrelated pictures differ in about 128 of 256
_CLOSE_BITS = 40
_TILE_BITS = 56  # tiles of collages are whole pictures, so their hashes are near
_HASH_NEIGHBOURS = 6
_CELLS = 3  # across and down
_VOTED = 12
_LEAST_VOTES = 1.5
_RANKED = 48  # the latter half of so many tells how many votes any picture gets
_CLEAR_OF_CLUTTER = 1.45
_ALWAYS_VERIFIED = 5
_MIRRORED_EFFORT = 0.5  # whole mirrored pictures are found by their hash
_EMBEDDED = 6
_NEAR_GAP = 0.35  # above the usual score: worth verifying
_SIMILAR_GAP = 0.55  # worth naming: with the embedded model the same subject in the same manner
_ENOUGH_TO_COMPARE = 20  # neighbours, to know which score is usual


@dataclass(slots=True)
class CopyCandidate:
    """A stored picture on the short list, and why.

    Attributes:
        part_id: Which.
        votes: Corners it shares with the query, each up to 1.
        mirrored_votes: The same with the mirrored query.
        bits: In how many of 256 its hash differs from the nearest form; None where in too many.
        variant: That form, of ``hashes.VARIANTS``.
        tile: The part of the query that had the hash; None for all of it.
        is_inverted: Whether it is the query's negative that had the hash.
        similarity: Cosine of the embeddings, where that is clearly above the usual.
    """

    part_id: int
    votes: float = 0.0
    mirrored_votes: float = 0.0
    bits: int | None = None
    variant: int = 0
    tile: Box | None = None
    is_inverted: bool = False
    similarity: float | None = None

    def weight(self, *, mirrored: bool) -> float:
        """Return what is sorted by: a close hash says as much as many shared corners."""
        if mirrored:
            return self.mirrored_votes
        by_hash = 0.0 if self.bits is None else max(0.0, (_HASH_BITS - self.bits) / 2)
        return max(self.votes, by_hash)


def by_hash(index: FingerprintIndex, query: PictureView) -> dict[int, CopyCandidate]:
    """Return the pictures whose hash is near that of a form of the query, its inside or a tile.

    Args:
        index: The likenesses.
        query: The picture asked for.

    Returns:
        By part id.
    """
    forms = [variant_hashes(query.grey)]
    left, top, right, bottom = query.inner
    if (right - left, bottom - top) != query.size:
        forms.append(variant_hashes(query.grey[top:bottom, left:right]))
    whole = 8 * len(forms)
    tiles = _tiles(query)
    negatives = ~forms[0]  # the signs of all frequencies are turned
    forms += [
        perceptual_hash(query.grey[y:down, x:right])[np.newaxis] for x, y, right, down in tiles
    ]
    negative = whole + len(tiles)
    hits = index.by_hash(np.concatenate([*forms, negatives]), _HASH_NEIGHBOURS)
    of_whole = _farthest_bits(index.count, whole)
    suspects: dict[int, CopyCandidate] = {}
    for form, (distances, part_ids) in enumerate(zip(hits.distances, hits.part_ids, strict=True)):
        farthest = of_whole if form < whole else _TILE_BITS if form < negative else _CLOSE_BITS
        for bits, part_id in zip(distances.tolist(), part_ids.tolist(), strict=True):
            if part_id < 0 or bits > farthest:
                continue
            known = suspects.setdefault(part_id, CopyCandidate(part_id))
            if known.bits is None or bits < known.bits:
                is_tile = whole <= form < negative
                known.bits, known.is_inverted = bits, form >= negative
                known.variant = 0 if is_tile else (form - (0 if form < whole else negative)) % 8
                known.tile = tiles[form - whole] if is_tile else None
    nearest = sorted(suspects.values(), key=lambda one: one.bits or 0)
    return {
        one.part_id: one
        for place, one in enumerate(nearest)
        if place < _HASH_NEIGHBOURS or (one.bits or 0) <= _CLOSE_BITS
    }


def by_cells(index: FingerprintIndex, query: PictureView) -> dict[int, CopyCandidate]:
    """Return the pictures whose hash is near that of a cell of a 3 x 3 grid over the query.

    Args:
        index: The likenesses.
        query: The picture asked for; halves and quarters are seen to by ``by_hash``.

    Returns:
        By part id.
    """
    ends = [[round(side * place / _CELLS) for place in range(_CELLS + 1)] for side in query.size]
    cells = [
        (left, top, right, bottom)
        for left, right in pairwise(ends[0])
        for top, bottom in pairwise(ends[1])
    ]
    hashes = [perceptual_hash(query.grey[top:down, left:right]) for left, top, right, down in cells]
    hits = index.by_hash(np.stack(hashes), 1)
    suspects: dict[int, CopyCandidate] = {}
    for cell, bits, part_id in zip(
        cells, hits.distances[:, 0].tolist(), hits.part_ids[:, 0].tolist(), strict=True
    ):
        known = suspects.get(part_id)
        if part_id >= 0 and bits <= _TILE_BITS and (known is None or bits < (known.bits or 0)):
            suspects[part_id] = CopyCandidate(part_id, bits=bits, tile=cell)
    return suspects


def _farthest_bits(pictures: int, forms: int) -> int:
    """Return how many bits may differ: chance alone gives less than one picture so near.

    Unrelated hashes differ in 128 bits, with a standard deviation of 8.
    """
    chance = 0.5 / max(1, pictures * forms)
    return min(_HASH_BITS, int(128 + 8 * statistics.NormalDist().inv_cdf(chance)))


def _tiles(query: PictureView) -> list[Box]:
    """Return the halves and quarters of the query: what it shows if it is a collage."""
    width, height = query.size
    columns = [(0, width), (0, width // 2), (width // 2, width)]
    rows = [(0, height), (0, height // 2), (height // 2, height)]
    boxes = [(left, top, right, bottom) for left, right in columns for top, bottom in rows]
    return boxes[1:]


def add_votes(
    suspects: dict[int, CopyCandidate],
    index: FingerprintIndex,
    query: PictureView,
    *,
    mirrored: bool = False,
    effort: float = 1.0,
    always: int = _ALWAYS_VERIFIED,
    clear: float = _CLEAR_OF_CLUTTER,
) -> None:
    """Add what shares corners with a query, as far as it stands out of what any picture shares.

    Args:
        suspects: By part id; added to.
        index: The likenesses.
        query: The picture asked for.
        mirrored: Ask for mirrored copies; their votes are kept apart.
        effort: How much may be compared, 0 to 1; of mirrored copies half of it.
        always: So many are added, whether they stand out or not.
        clear: How many times the votes that any picture gets the others need.
    """
    view = query.mirrored if mirrored else query
    effort *= _MIRRORED_EFFORT if mirrored else 1.0
    votes = index.by_features(view.voters, _RANKED, effort=effort)
    scores = votes.scores.tolist()
    clutter = statistics.median(scores[_RANKED // 2 :]) if len(scores) == _RANKED else 0.0
    for rank, (part_id, score) in enumerate(zip(votes.part_ids.tolist(), scores, strict=True)):
        is_clear = rank < always or score >= clear * clutter
        if rank < _VOTED and is_clear and score >= _LEAST_VOTES:
            known = suspects.setdefault(part_id, CopyCandidate(part_id))
            if mirrored:
                known.mirrored_votes = score
            else:
                known.votes = score


def add_neighbours(suspects: dict[int, CopyCandidate], ranking: Ranking) -> None:
    """Add what the embedding finds near; those clearly nearer than most may be similar.

    Args:
        suspects: By part id; added to.
        ranking: The ``SIMILAR_AMONG`` nearest pictures.
    """
    if not len(ranking.scores):
        return
    usual = float(np.median(ranking.scores)) if len(ranking.scores) >= _ENOUGH_TO_COMPARE else 0.0
    for part_id, score in zip(ranking.part_ids, ranking.scores, strict=True):
        suspect = suspects.get(int(part_id))
        gap = (float(score) - usual) / max(1e-6, 1 - usual)
        if suspect is None and (gap >= _NEAR_GAP or len(ranking.scores) < _ENOUGH_TO_COMPARE):
            suspect = suspects[int(part_id)] = CopyCandidate(int(part_id))
        if suspect is not None and gap >= _SIMILAR_GAP:
            suspect.similarity = float(score)
        if len(suspects) >= _VOTED + _EMBEDDED:
            break
