"""What terms come to: composed, kept away from, cut out of pictures."""

import numpy as np

from binocle.types import Float32Array, Kind
from search.query_vectors.query_vector import MIN_SAMPLE, QueryIntent, TermVector


def unit(row: np.ndarray) -> Float32Array:
    return np.asarray(row / np.linalg.norm(row), np.float32)


def world(seed: int) -> tuple[Float32Array, np.ndarray, np.ndarray]:
    """Return rows that are a sort of thing (axes 0-2) in a colour (axes 3-5), and both."""
    rng = np.random.default_rng(seed)
    sorts, colours = rng.integers(0, 3, 300), rng.integers(0, 3, 300)
    rows = 0.1 * rng.standard_normal((300, 8)) * np.array([1, 1, 1, 1, 1, 1, 1, 0])
    rows[:, 6] += 2
    rows[np.arange(300), sorts] += 1
    rows[np.arange(300), 3 + colours] += 0.5
    return np.stack([unit(row) for row in rows]), sorts, colours


def intent(wanted: list[tuple[int, Kind]], unwanted: list[int] = []) -> QueryIntent:  # noqa: B006
    """Return one of axes; words are as weak as they are in a space of pictures."""

    def term_vector(axis: int, source: Kind) -> TermVector:
        row = np.zeros(8)
        row[axis], row[7] = (0.2, 1.0) if source == "text" else (1.0, 0.0)
        return TermVector(unit(row), 1.0, source)

    return QueryIntent(
        (),
        tuple(term_vector(axis, source) for axis, source in wanted),
        tuple(term_vector(axis, "text") for axis in unwanted),
        frozenset(),
        "",
    )


def test_words_count_as_much_as_a_picture_however_weak_their_cosines() -> None:
    rows, sorts, colours = world(1)
    asked = intent([(0, "image"), (4, "text")])
    query_vector = asked.query_vector(rows)
    first = np.argsort(-(rows @ query_vector.row))[:20]
    assert ((sorts[first] == 0) & (colours[first] == 1)).mean() > 0.9
    added = unit(np.sum([term_vector.row for term_vector in asked.wanted], axis=0))
    plain = np.argsort(-(rows @ added))[:20]
    assert ((sorts[plain] == 0) & (colours[plain] == 1)).mean() < 0.7


def test_negative_term_pushes_away_what_has_it_and_leaves_the_rest() -> None:
    rows, sorts, colours = world(2)
    query_vector = intent([(1, "text")], [5]).query_vector(rows)
    lost = query_vector.penalties(rows)
    assert (lost >= 0).all()
    first = np.argsort(-(rows @ query_vector.row - lost))[:20]
    assert (sorts[first] == 1).mean() > 0.9
    assert (colours[first] == 2).mean() <= 0.05
    without = np.argsort(-(rows @ query_vector.row))[:20]
    assert (colours[without] == 2).mean() > 0.2
    assert (lost[colours != 2] == 0).mean() > 0.7


def test_small_collections_add_and_subtract() -> None:
    rows, _, _ = world(3)
    asked = intent([(0, "image"), (4, "text")], [5])
    query_vector = asked.query_vector(rows[: MIN_SAMPLE - 1])
    total = asked.wanted[0].row + asked.wanted[1].row - asked.unwanted[0].row
    np.testing.assert_allclose(query_vector.row, unit(total), atol=1e-6)
    assert not query_vector.repelled
