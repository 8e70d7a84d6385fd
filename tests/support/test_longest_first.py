"""What takes long is begun first by whichever process has it, and each has its share of that."""

import pytest

from tests.support.longest_first import dealt


@pytest.mark.parametrize(
    ("long", "others", "processes"),
    [(0, 7, 3), (7, 40, 3), (5, 0, 2), (3, 8, 4), (40, 41, 3), (4, 9, 1)],
)
def test_each_part_begins_with_its_share_of_the_long_ones(
    long: int, others: int, processes: int
) -> None:
    slow, quick = [f"long {one}" for one in range(long)], [f"{one}" for one in range(others)]
    order = dealt(slow, quick, processes)
    assert sorted(order) == sorted(slow + quick)
    assert [one for one in order if one in quick] == quick, "neighbours stay neighbours"
    left, shares = list(order), []
    for one in range(processes):  # as pytest-xdist gives them
        part = [left.pop(0) for _ in range(len(left) // (processes - one))]
        kinds = [name in slow for name in part]
        assert kinds == sorted(kinds, reverse=True)
        shares.append(sum(kinds))
    assert max(shares) - min(shares) <= 1
