"""Lists of features by word: found where they are, joined, and mapped from a file."""

from pathlib import Path

import numpy as np
import pytest

from binocle.errors import StorageError
from binocle.fingerprints.fingerprint import Codes, unpacked
from binocle.types import Int64Array
from binocle.vectors.fingerprints.feature_lists import PROBES, FeatureLists
from tests.support.numbered_fingerprints import fingerprint_of


def lists_of(*seeds: int) -> FeatureLists:
    """Return the features of some pictures, whose part ids are their numbers."""
    lists = FeatureLists()
    for seed in seeds:
        features = unpacked(fingerprint_of(seed).features)
        lists.add(features, np.full(len(features.words), seed))
    return lists


def in_word_of(features: Codes) -> Int64Array:
    """Return the list of each feature, and no further one to look into."""
    words = np.full((len(features.words), PROBES), -1)
    words[:, 0] = features.words
    return words


def owners_of(lists: FeatureLists, seed: int) -> set[int]:
    """Return whose features are the same as a picture's."""
    features = unpacked(fingerprint_of(seed).features)
    bits, owners = lists.search(features.codes, in_word_of(features), 3)
    return set(owners[bits == 0].tolist())


def test_features_are_found_in_the_list_of_their_word_and_in_no_other() -> None:
    lists, features = lists_of(1, 2), unpacked(fingerprint_of(1).features)
    assert lists.count == lists.sizes.sum() == 80
    bits, owners = lists.search(features.codes, in_word_of(features), 1)
    assert (bits[:, 0] == 0).all()
    assert (owners[:, 0] == 1).all()
    empty = int(np.flatnonzero(lists.sizes == 0)[0])
    _, nobody = lists.search(features.codes[:1], np.full((1, PROBES), empty), 2)
    assert nobody.tolist() == [[-1, -1]]


def test_removed_pictures_have_no_features_any_more() -> None:
    lists = lists_of(1, 2)
    lists.remove(np.array([1, 99]))
    assert lists.count == lists.sizes.sum() == 40
    assert owners_of(lists, 1) == set()
    assert owners_of(lists, 2) == {2}


def test_joined_lists_leave_out_pictures_of_the_first_only() -> None:
    joined = lists_of(1, 2).joined(lists_of(2, 3), np.array([1, 2]))
    assert [owners_of(joined, seed) for seed in (1, 2, 3)] == [set(), {2}, {3}]
    assert joined.count == 80
    assert owners_of(FeatureLists().joined(lists_of(2), np.array([2])), 2) == {2}


def test_a_file_is_mapped_and_answers_as_what_was_written(tmp_path: Path) -> None:
    known = lists_of(1, 2).write(tmp_path / "features")
    mapped = FeatureLists.read(tmp_path / "features", known)
    assert mapped.count == known["features"] == 80
    assert mapped.sizes.tolist() == lists_of(1, 2).sizes.tolist()
    assert [owners_of(mapped, seed) for seed in (1, 2, 3)] == [{1}, {2}, set()]


def test_a_file_of_another_length_or_head_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "features"
    known = lists_of(1).write(path)
    data = path.read_bytes()
    for damaged in (data[:-1], data + b"\0", bytes([data[0] ^ 1]) + data[1:]):
        path.write_bytes(damaged)
        with pytest.raises(StorageError, match="stamp does not fit"):
            FeatureLists.read(path, known)
