"""Lists of hashes are read as people share them, and what is near a picture's hash is told."""

import numpy as np
import pytest

from binocle.errors import QueryError
from binocle.fingerprints.pdq import MATCHING_BITS, PdqHash, pdq_of
from search.copies.hash_lists.hash_list import confidence_of, nearest_listed, read_hash_list
from tests.support.drawings import drawn

ONE, TWO = "0f" * 32, "A5" * 32


def hashed(seed: int, *, mirrored: bool = False) -> PdqHash:
    pixels = np.asarray(drawn(seed))
    return pdq_of(np.ascontiguousarray(pixels[:, ::-1] if mirrored else pixels))


def turned(text: str, bits: int) -> str:
    """Return a hash with so many of its first bits turned."""
    return f"{int(text, 16) ^ ((1 << bits) - 1):064x}"


@pytest.mark.parametrize(
    ("lines", "labels"),
    [
        ([ONE, TWO], ["", ""]),
        (["# shared in May", "", f"{ONE},100", f"pdq:{TWO},57,seen, twice"], ["", "seen,twice"]),
        (["\ufeffid,quality,PDQ", f'"a,1",80,{ONE}', f"b,,{TWO}"], ["a,1", "b"]),
        ([f"{ONE},first", f"{ONE},again", TWO], ["first", ""]),
        ([f"{ONE},{'9' * 5000},x", f"{TWO},a\rb"], [f"{'9' * 5000},x"[:1000], "a b"]),
    ],
)
def test_hashes_are_read_with_their_labels(lines: list[str], labels: list[str]) -> None:
    found = read_hash_list("shared", lines)
    assert found.hashes == (ONE, TWO.lower())
    assert list(found.labels) == labels
    assert (found.plain, found.faults) == (0, "")


def test_lines_that_are_no_hash_and_plain_pictures_cost_only_themselves() -> None:
    lines = [f"{ONE},49", "hello", TWO[:-1], f"{TWO},50", "x" * 200_000]
    found = read_hash_list("shared", lines)
    assert found.hashes == (TWO.lower(),)
    assert (found.plain, found.faults) == (1, "3 lines are no hash, the first line 2")


@pytest.mark.parametrize("lines", [[], ["# nothing"], ["hello"], [f"{ONE},3"]])
def test_a_list_without_a_hash_is_refused(lines: list[str]) -> None:
    with pytest.raises(QueryError, match="the hash list shared has"):
        read_hash_list("shared", lines)


def test_what_is_near_is_found_nearest_first_whichever_list_has_it() -> None:
    own = hashed(1)
    assert own.quality >= 50
    far, near, too_far = (turned(own.text, bits) for bits in (31, 4, 32))
    lists = [
        read_hash_list("one", [f"{far},far", f"{too_far},too far"]),
        read_hash_list("two", [f"{near},near", hashed(2).text]),
    ]
    found = nearest_listed(lists, own, 10)
    assert [(one.list_name, one.label, one.distance) for one in found] == [
        ("two", "near", 4),
        ("one", "far", 31),
    ]
    assert [one.judgement.verdict for one in found] == ["hash-match"] * 2
    assert nearest_listed(lists, own, 1) == found[:1]
    assert not nearest_listed(lists, hashed(3), 10)


def test_mirrored_pictures_are_found_and_plain_ones_match_nothing() -> None:
    [known] = nearest_listed([read_hash_list("a", [hashed(1).text])], hashed(1, mirrored=True), 5)
    assert known.distance <= 16
    plain = pdq_of(np.full((64, 64, 3), 80, np.uint8))
    assert not nearest_listed([read_hash_list("a", [f"{plain.text}"])], plain, 5)


def test_hashes_alone_are_never_sure() -> None:
    sure = [confidence_of(bits) for bits in range(MATCHING_BITS + 1)]
    assert sure == sorted(sure, reverse=True)
    assert (sure[0], sure[-1]) == (0.9, 0.5)
