"""Formulas compute what they say, and say nothing else."""

import numpy as np
import pytest

from binocle.errors import UsageError
from search.rules.formula import FieldValues, Formula

NUMBERS = {
    "sales": np.array([0.0, 100.0, np.nan, 300.0]),
    "price €": np.array([1.0, 2.0, 4.0, 0.0]),
}
AGES = {"made": np.array([0.0, 30.0, np.nan, -5.0])}
VALUES = FieldValues(NUMBERS.__getitem__, AGES.__getitem__)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("saturation(sales, 100)", [0, 0.5, 0, 0.75]),
        ("freshness(made, 30)", [1, 0.5, 0, 1]),
        ("0.5 * saturation(sales, 100) + 0.5 * freshness(made, 30)", [0.5, 0.5, 0, 0.875]),
        ("1 / `price €`", [1, 0.5, 0.25, 1]),  # what cannot be computed is as good as it goes
        ("default(sales, 50) / 100", [0, 1, 0.5, 1]),
        ("-sales + 0.5", [0.5, 0, 0.5, 0]),
        ("min(sales, 1) * max(0.25, sqrt(`price €`) - 1)", [0, np.sqrt(2) - 1, 0, 0.25]),
        ("log(`price €`) / 2", np.log1p([1, 2, 4, 0]) / 2),
    ],
)
def test_formula_computes_values_from_0_to_1(text: str, expected: list[float]) -> None:
    formula = Formula.parse(text)
    np.testing.assert_allclose(formula.values(VALUES, 4), expected)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sales +", "cannot be read"),
        ("__import__('os')", "cannot have"),
        ("sales.real", "cannot have 'sales.real'"),
        ("'text' + sales", "cannot have"),
        ("[sales for sales in made]", "cannot have"),
        ("sales ** 2", "cannot have"),
        ("sales if sales else 1", "cannot have"),
        ("saturation(sales)", "takes 2 values, not 1"),
        ("freshness(3, 30)", "takes a field first"),
        ("saturation(sales, 0)", "the pivot of saturation must be greater than 0, not 0"),
        ("freshness(made, -2.5)", "the half-life of freshness must be greater than 0, not -2.5"),
        ("1 + 2", "names no field"),
        (f"sales * 1{'0' * 400}", "cannot have"),
        ("True + sales", "cannot have"),
        ("sales + " * 80 + "1", "500 are the limit"),
        ("+".join(["s"] * 60), "100 are the limit"),
        ("", "cannot be read"),
    ],
)
def test_what_formulas_cannot_say_is_refused_in_one_line(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=r"^[^\n]*$") as refused:
        Formula.parse(text)
    assert reason in str(refused.value)
