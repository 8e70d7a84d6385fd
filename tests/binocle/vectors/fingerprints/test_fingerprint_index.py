"""The likenesses of pictures: votes as by definition, saved or not, and beside changes."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.fingerprints.fingerprint import unpacked
from binocle.fingerprints.local_features import WORDS, nearest_words
from binocle.vectors.fingerprints import fingerprint_index
from binocle.vectors.fingerprints.feature_lists import FeatureLists
from binocle.vectors.fingerprints.fingerprint_index import FingerprintIndex
from tests.support.numbered_fingerprints import descriptors_of, fingerprint_of


def test_change_waits_for_searches_and_later_searches_for_the_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    index, begun, may_end = FingerprintIndex(), threading.Event(), threading.Event()
    add(index, range(5))
    search = FeatureLists.search

    def slowly(*arguments: Any) -> Any:
        begun.set()
        assert may_end.wait(20)
        return search(*arguments)

    monkeypatch.setattr(FeatureLists, "search", slowly)
    hashes = np.frombuffer(fingerprint_of(5).hash, np.uint8)[np.newaxis]
    with ThreadPoolExecutor(3) as threads:
        searched = threads.submit(index.by_features, descriptors_of(0), 1)
        assert begun.wait(20)
        changed = threads.submit(add, index, [5])
        while not index._gate._writers and not changed.done():
            time.sleep(0.001)
        later = threads.submit(index.by_hash, hashes, 1)
        time.sleep(0.1)
        assert not changed.done()
        assert not later.done()
        may_end.set()
        assert searched.result(20).part_ids.tolist() == [0]
        assert later.result(20).part_ids.tolist() == [[5]]


@settings(max_examples=25, deadline=None)
@given(
    kept=st.lists(st.integers(0, 30), unique=True, max_size=12),
    later=st.lists(st.integers(31, 60), unique=True, max_size=8),
    gone=st.sets(st.integers(0, 60), max_size=10),
)
def test_votes_are_the_same_saved_or_not_and_as_by_definition(
    tmp_path_factory: pytest.TempPathFactory, kept: list[int], later: list[int], gone: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("saved")
    whole, saved = FingerprintIndex(), FingerprintIndex()
    add(whole, [one for one in (*kept, *later) if one not in gone])
    add(saved, kept)
    known = saved.save(folder / "f", folder / "h")
    saved = FingerprintIndex.opened(folder / "f", folder / "h", known)
    add(saved, later)
    saved.remove(np.array(sorted(gone), np.int64))
    there = [one for one in (*kept, *later) if one not in gone]
    for seed in (0, 5, 31, 61):
        query = descriptors_of(seed)
        one, other = whole.by_features(query, 5), saved.by_features(query, 5)
        assert one.part_ids.tolist() == other.part_ids.tolist()
        np.testing.assert_array_equal(one.scores, other.scores)
        for part_id, score in zip(one.part_ids.tolist(), one.scores.tolist(), strict=True):
            assert score == pytest.approx(votes_by_definition(query, part_id), rel=1e-5)
        hashes = np.frombuffer(fingerprint_of(seed).hash, np.uint8)[np.newaxis]
        assert whole.by_hash(hashes, 3).distances.tolist() == (
            saved.by_hash(hashes, 3).distances.tolist()
        )
        for index in (whole, saved):
            assert {*index.by_hash(hashes, 99).part_ids[0].tolist()} - {-1} == {*there}


def add(index: FingerprintIndex, seeds: Sequence[int]) -> None:
    if seeds:
        found = [fingerprint_of(seed) for seed in seeds]
        hashes = np.stack([np.frombuffer(one.hash, np.uint8) for one in found])
        index.add(np.array(seeds, np.int64), hashes, [one.features for one in found])


def votes_by_definition(query: npt.NDArray[np.uint8], seed: int) -> float:
    """Sum over the query's features the best vote among the picture's in one of five words."""
    stored = unpacked(fingerprint_of(seed).features)
    total = 0.0
    for descriptor, words in zip(query, nearest_words(query, 5), strict=True):
        apart = np.bitwise_count(descriptor[:16] ^ stored.codes).sum(axis=1)
        near = apart[np.isin(stored.words, words) & (apart < 32)]
        if len(near):
            total += float(np.exp(-((int(near.min()) / 19.0) ** 2)))
    return total


def test_longest_lists_are_left_where_a_query_would_cost_too_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes = np.full(WORDS, 10)
    sizes[3] = 1000
    words = np.array([[3, 1], [2, 5]])
    affordable = fingerprint_index._affordable
    assert affordable(words, sizes, 10_000).tolist() == [[3, 1], [2, 5]]
    assert affordable(words, sizes, 500).tolist() == [[-1, 1], [2, 5]]
    assert affordable(words, sizes, 20).tolist() == [[-1, 1], [2, -1]]
    index = FingerprintIndex()
    add(index, range(10))
    monkeypatch.setattr(fingerprint_index, "_COMPARED", 0)
    assert not len(index.by_features(descriptors_of(1), 5).part_ids)
