"""Near words are those that a plain count of edits says."""

from hypothesis import given
from hypothesis import strategies as st

from search.spelling.near_words import NearWords

WORDS = st.text("abc", min_size=1, max_size=6)


def edits_between(one: str, other: str) -> int:
    """Count letters added, left out and replaced, and neighbours exchanged, each letter once."""
    rows = [[max(i, j) if not i or not j else 0 for j in range(len(other) + 1)]
            for i in range(len(one) + 1)]  # fmt: skip
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            rows[i][j] = min(
                rows[i - 1][j] + 1,
                rows[i][j - 1] + 1,
                rows[i - 1][j - 1] + (one[i - 1] != other[j - 1]),
            )
            if i > 1 and j > 1 and one[i - 2 : i] == other[j - 1] + other[j - 2]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


@given(st.sets(WORDS, max_size=20), WORDS, st.integers(1, 2))
def test_words_within_some_edits_are_all_found(words: set[str], word: str, edits: int) -> None:
    found = NearWords(sorted(words)).within(word, edits)
    expected = {one: edits_between(word, one) for one in words}
    assert dict(found) == {one: far for one, far in expected.items() if 0 < far <= edits}
    assert len(found) == len(dict(found))


def test_the_nearest_of_each_length_come_first() -> None:
    near = NearWords(["cast", "cats", "cat", "dog", "ca"])
    assert near.within("catz", 2, limit=1) == [("ca", 2), ("cat", 1), ("cats", 1)]
