"""The short list of a lookup: what stands out of what any picture shares with a query."""

from collections.abc import Sequence

import numpy as np
import pytest

from binocle.fingerprints.fingerprint import perceptual_hash
from binocle.fingerprints.local_features import word_of
from binocle.fingerprints.picture_view import PictureView
from binocle.vectors.fingerprints.fingerprint_index import FingerprintIndex
from search.copies.candidates import CopyCandidate, add_votes, by_hash
from tests.support.drawings import drawn


def index_of(query: PictureView, shared: Sequence[int]) -> FingerprintIndex:
    """Return pictures 1, 2, ... that have so many of the query's corners each."""
    random = np.random.default_rng(0)
    features = []
    for count in shared:
        own = query.voters[random.permutation(len(query.voters))[:count]]
        words = word_of(own).astype("<u2").tobytes()
        features.append(words + np.ascontiguousarray(own[:, :16]).tobytes())
    index = FingerprintIndex()
    hashes = random.integers(0, 256, (len(shared), 32), dtype=np.uint8)
    index.add(np.arange(1, len(shared) + 1), hashes, features)
    return index


@pytest.mark.parametrize(
    ("shared", "expected"),
    [
        ([20] * 60, 5),  # all alike: the first few, whatever they have
        ([60] * 8 + [20] * 52, 8),
        ([60] * 20 + [20] * 40, 12),  # never more
        ([20] * 40, 12),  # too few pictures to tell what any of them gets
        ([60] * 2, 2),
    ],
)
def test_pictures_that_stand_out_are_suspects(shared: list[int], expected: int) -> None:
    query = PictureView(np.asarray(drawn(1)))
    suspects: dict[int, CopyCandidate] = {}
    add_votes(suspects, index_of(query, shared), query)
    assert len(suspects) == expected
    assert all(one.votes > 1.5 and not one.mirrored_votes for one in suspects.values())
    likely = {number for number, count in enumerate(shared, 1) if count == max(shared)}
    assert suspects.keys() <= likely


def test_votes_for_mirrored_copies_are_kept_apart() -> None:
    query = PictureView(np.asarray(drawn(1)))
    suspects: dict[int, CopyCandidate] = {}
    add_votes(suspects, index_of(query.mirrored, [60]), query, mirrored=True)
    assert suspects[1].mirrored_votes > 30
    assert suspects[1].votes == 0
    assert suspects[1].weight(mirrored=True) > 30
    assert suspects[1].weight(mirrored=False) == 0


def test_a_negative_is_found_by_the_complement_of_its_hash() -> None:
    stored = PictureView(np.asarray(drawn(1)))
    index = FingerprintIndex()
    index.add(np.array([7]), perceptual_hash(stored.grey)[np.newaxis], [b""])
    found = by_hash(index, stored.inverted)[7]
    assert found.is_inverted
    assert found.bits is not None
    assert found.bits <= 8
    assert (found.variant, found.tile) == (0, None)
    assert not by_hash(index, stored)[7].is_inverted
