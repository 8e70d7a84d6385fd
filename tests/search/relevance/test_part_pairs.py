import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from binocle.collection.snapshot import Owners
from search.relevance.part_pairs import parts_beside


@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=30),
    st.sets(st.integers(0, 40)),
)
def test_parts_beside_are_the_first_of_the_same_record(
    parts: list[tuple[int, bool]], asked: set[int]
) -> None:
    kinds = [
        [(number, record) for number, (record, is_text) in enumerate(parts) if is_text == kind]
        for kind in (False, True)
    ]
    owners = [
        Owners(*(np.array([one[side] for one in each], np.int64) for side in (0, 1)))
        for each in kinds
    ]
    own, others = parts_beside(np.array(sorted(asked), np.int64), owners[0], owners[1])
    expected = [
        (number, min(text for text, one in kinds[1] if one == record))
        for number, record in kinds[0]
        if number in asked and any(one == record for _, one in kinds[1])
    ]
    assert list(zip(own.tolist(), others.tolist(), strict=True)) == expected
