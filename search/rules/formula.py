"""Small formulas over metadata: ``0.7 * saturation(sales, 100) + 0.3 * freshness(made, 30)``.

They are arithmetic and nothing else: numbers, fields, ``+ - * /``, brackets, and the functions of
``FUNCTIONS``. A field whose name is no plain word stands between backquotes.
"""

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from binocle.errors import UsageError

Float64Array = npt.NDArray[np.float64]

MAX_CHARACTERS = 500
MAX_NODES = 100
_MOST = 1e300  # of a number
_QUOTED = re.compile(r"`([^`]*)`")
_PLACEHOLDER = "quoted_field_{}_"
FUNCTIONS: Mapping[str, int] = {
    "saturation": 2, "freshness": 2, "default": 2, "min": 2, "max": 2, "log": 1, "sqrt": 1,
}  # fmt: skip
"""The functions and how many values each takes; docs/ranking-rules.md says what they do."""
_POSITIVE = {"saturation": "pivot", "freshness": "half-life"}
_OPERATORS: Mapping[type[ast.operator], Callable[[Float64Array, Float64Array], Float64Array]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldValues:
    """Values of records that a formula computes with.

    Attributes:
        numbers: Returns a field's numbers, ``(n,)`` float64, NaN where a record has none.
        ages: Returns how many days ago a field's dates are, likewise; less than 0 of the future.
    """

    numbers: Callable[[str], Float64Array]
    ages: Callable[[str], Float64Array]


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that was read; two are the same where their texts are.

    Attributes:
        text: As it was written.
        numbers: The fields whose numbers it computes with.
        dates: Those whose dates it computes with.
    """

    text: str
    numbers: tuple[str, ...] = field(compare=False)
    dates: tuple[str, ...] = field(compare=False)
    _tree: ast.expr = field(compare=False, repr=False)
    _names: Mapping[str, str] = field(compare=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> "Formula":
        """Read a formula.

        Raises:
            UsageError: It is too long, or says what formulas cannot.
        """
        if len(text) > MAX_CHARACTERS:
            raise UsageError(
                f"the formula has {len(text):,} characters, and {MAX_CHARACTERS} are the limit; "
                "use several boosts"
            )
        names: dict[str, str] = {}

        def placed(found: re.Match[str]) -> str:
            names[_PLACEHOLDER.format(len(names))] = found[1]
            return _PLACEHOLDER.format(len(names) - 1)

        try:
            tree = ast.parse(_QUOTED.sub(placed, text).strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise UsageError(f"the formula {text!r} cannot be read: {_reason(error)}") from error
        nodes = list(ast.walk(tree))
        if len(nodes) > MAX_NODES:
            raise UsageError(
                f"the formula {text[:40]!r}… has {len(nodes):,} numbers, fields and signs, and "
                f"{MAX_NODES} are the limit; use several boosts"
            )
        fields = set(_checked(tree, text, names))
        if not fields:
            raise UsageError(f"the formula {text!r} names no field, so it is the same for all")
        dates = tuple(sorted(one for one, is_date in fields if is_date))
        return cls(
            text, tuple(sorted(one for one, is_date in fields if not is_date)), dates, tree, names
        )

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields it computes with."""
        return tuple(dict.fromkeys((*self.numbers, *self.dates)))

    def values(self, of: FieldValues, count: int) -> Float64Array:
        """Return the value of each of some records, ``(count,)`` float64 from 0 to 1.

        What a record has not counts as 0; so does what cannot be computed.
        """
        with np.errstate(all="ignore"):
            found = np.broadcast_to(self._value(self._tree, of), (count,))
        return np.clip(np.nan_to_num(found, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)

    def _value(self, node: ast.expr, of: FieldValues) -> Float64Array:
        match node:
            case ast.Constant(value):
                return np.float64(value)  # type: ignore[arg-type,return-value]
            case ast.Name(name):
                return np.nan_to_num(of.numbers(self._field(name)), nan=0.0)
            case ast.UnaryOp(ast.USub(), operand):
                return -self._value(operand, of)
            case ast.BinOp(left, operator, right):
                operate = _OPERATORS[type(operator)]
                return operate(self._value(left, of), self._value(right, of))
            case ast.Call(ast.Name("freshness"), [ast.Name(name), days]):
                return freshness(of.ages(self._field(name)), self._value(days, of))
            case ast.Call(ast.Name("default"), [ast.Name(name), other]):
                numbers = of.numbers(self._field(name))
                return np.where(np.isnan(numbers), self._value(other, of), numbers)
            case ast.Call(ast.Name(name), given):
                return _call(name, [self._value(one, of) for one in given])
        raise AssertionError(node)

    def _field(self, name: str) -> str:
        return self._names.get(name, name)


def saturation(numbers: Float64Array, pivot: Float64Array | float) -> Float64Array:
    """Return numbers over their sum with a pivot: from 0, a half at it, towards 1; NaN is 0.

    Source: the ``saturation`` of Elasticsearch's rank_feature query.
    """
    positive = np.maximum(np.nan_to_num(numbers, nan=0.0, posinf=np.finfo(np.float64).max), 0.0)
    return np.asarray(positive / (positive + pivot), np.float64)


def freshness(ages: Float64Array, half_life_days: Float64Array | float) -> Float64Array:
    """Return 1 of today and what is to come, a half after a half-life, towards 0; NaN is 0."""
    known = np.exp2(-np.maximum(ages, 0.0) / half_life_days)
    return np.asarray(np.where(np.isnan(ages), 0.0, known), np.float64)


def _call(name: str, given: list[Float64Array]) -> Float64Array:
    match name:
        case "saturation":
            return saturation(given[0], given[1])
        case "min":
            return np.minimum(given[0], given[1])
        case "max":
            return np.maximum(given[0], given[1])
        case "log":
            return np.log1p(np.maximum(given[0], 0.0))
        case _:
            return np.sqrt(np.maximum(given[0], 0.0))


def _checked(node: ast.expr, text: str, names: Mapping[str, str]) -> list[tuple[str, bool]]:
    """Return the fields of a formula, each with whether it is for its dates; refuse the rest."""
    match node:
        case ast.Constant(int() | float() as number) if not isinstance(number, bool):
            if abs(number) < _MOST:
                return []
        case ast.Name(name):
            return [(names.get(name, name), False)]
        case ast.UnaryOp(ast.USub(), operand):
            return _checked(operand, text, names)
        case ast.BinOp(left, operator, right) if type(operator) in _OPERATORS:
            return [*_checked(left, text, names), *_checked(right, text, names)]
        case ast.Call(ast.Name(name), given, []) if name in FUNCTIONS:
            if len(given) != FUNCTIONS[name]:
                raise UsageError(
                    f"the formula {text!r}: {name} takes {FUNCTIONS[name]} values, not {len(given)}"
                )
            if name in ("freshness", "default") and not isinstance(given[0], ast.Name):
                raise UsageError(f"the formula {text!r}: {name} takes a field first")
            if name in _POSITIVE and _is_not_positive(given[1]):
                raise UsageError(
                    f"the formula {text!r}: the {_POSITIVE[name]} of {name} must be greater than "
                    f"0, not {ast.unparse(given[1])}"
                )
            found = [one for each in given for one in _checked(each, text, names)]
            return [(found[0][0], True), *found[1:]] if name == "freshness" else found
    raise UsageError(
        f"the formula {text!r} cannot have {ast.unparse(node)[:40]!r}; it may have numbers, "
        f"fields, + - * / and {', '.join(FUNCTIONS)}"
    )


def _is_not_positive(node: ast.expr) -> bool:
    match node:
        case ast.Constant(int() | float() as number):
            return number <= 0
        case ast.UnaryOp(ast.USub(), ast.Constant(int() | float())):
            return True
    return False


def _reason(error: BaseException) -> str:
    return error.msg if isinstance(error, SyntaxError) else "it is nested too deeply"
