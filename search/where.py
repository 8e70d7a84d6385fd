"""Filters as people type them: ``price < 100 and color in (Red, 'Navy Blue')``.

::

    filter     = and-group { "or" and-group }
    and-group  = clause { "and" clause }
    clause     = "not" clause | "(" filter ")" | comparison
    comparison = field ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
               | field [ "not" ] "in" "(" value { "," value } ")"
               | field [ "not" ] "exists"
               | field [ "not" ] "prefix" value
    field      = word | `quoted with backticks`
    value      = word | number | true | false | 'quoted' | "quoted"

A number without quotes also equals the string it looks like: ``code = 7`` finds the number and
the string. A year is also compared with dates, which are strings: ``taken_at >= 2021``.
"""

import re
from dataclasses import dataclass

from binocle.errors import FilterError
from binocle.filters import MAX_DEPTH, And, Filter, Not, Or, checked, compare
from binocle.types import Scalar

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<quoted>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
      | (?P<field>`[^`]+`)
      | (?P<operator><=|>=|!=|<>|==|=|<|>)
      | (?P<mark>[(),])
      | (?P<word>[^\s(),=<>!'"`]+)
    )""",
    re.VERBOSE,
)
_OPERATORS = {
    "=": "eq", "==": "eq", "!=": "ne", "<>": "ne",
    "<": "lt", "<=": "lte", ">": "gt", ">=": "gte",
}  # fmt: skip
_YEAR = re.compile(r"^[12]\d{3}$")
_WHOLE = re.compile(r"^[+-]?\d{1,19}$")
_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text.lower() in words


def parse_where(expression: str) -> Filter:
    """Read a filter expression.

    Raises:
        FilterError: It cannot be understood; the message shows where.
    """
    parser = _Parser(expression)
    parsed = parser.alternatives(1)
    if parser.current is not None:
        raise parser.error("the end, 'and' or 'or'")
    return checked(parsed)


class _Parser:
    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens: list[_Token] = []
        place = 0
        end = len(expression.rstrip())
        while place < end:
            match = _TOKEN.match(expression, place)
            if match is None:
                raise FilterError(
                    f"cannot read the filter at {expression[place : place + 20]!r}; put values "
                    "with special characters in quotes"
                )
            kind = match.lastgroup or ""
            self._tokens.append(_Token(kind, match.group(kind), match.start(kind)))
            place = match.end()
        self._next = 0

    @property
    def current(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def error(self, expected: str) -> FilterError:
        token = self.current
        found = f"{token.text!r} at position {token.place + 1}" if token else "the end"
        return FilterError(
            f"cannot understand the filter {self._expression!r}: expected {expected}, found {found}"
        )

    def alternatives(self, depth: int) -> Filter:
        if depth > MAX_DEPTH:
            raise FilterError(f"the filter is nested more than {MAX_DEPTH} deep")
        clauses = [self._conjunction(depth)]
        while self._take("or"):
            clauses.append(self._conjunction(depth))
        return clauses[0] if len(clauses) == 1 else Or(tuple(clauses))

    def _conjunction(self, depth: int) -> Filter:
        clauses = [self._clause(depth)]
        while self._take("and"):
            clauses.append(self._clause(depth))
        return clauses[0] if len(clauses) == 1 else And(tuple(clauses))

    def _clause(self, depth: int) -> Filter:
        if depth > MAX_DEPTH:
            raise FilterError(f"the filter is nested more than {MAX_DEPTH} deep")
        if self._take("not"):
            return Not(self._clause(depth + 1))
        if self._take_mark("("):
            inner = self.alternatives(depth + 1)
            self._expect_mark(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Filter:
        token = self.current
        if token is None or token.kind not in ("word", "field"):
            raise self.error("a field's name")
        self._next += 1
        field = token.text.strip("`")
        token = self.current
        if token is not None and token.kind == "operator":
            self._next += 1
            return self._compared(field, _OPERATORS[token.text])
        negated = self._take("not")
        clause: Filter
        if self._take("exists"):
            clause = compare(field, "exists", True)
        elif self._take("in"):
            clause = compare(field, "in", self._values())
        elif self._take("prefix"):
            clause = compare(field, "prefix", self._text())
        else:
            raise self.error("=, !=, <, <=, >, >=, in, exists or prefix")
        return Not(clause) if negated else clause

    def _compared(self, field: str, operator: str) -> Filter:
        values = self._value()
        if len(values) > 1 and operator == "eq":
            return compare(field, "in", values)
        if len(values) > 1 and operator == "ne":
            return Not(compare(field, "in", values))
        comparison = compare(field, operator, values[0])
        if len(values) > 1 and _YEAR.match(str(values[1])):
            # Dates are strings; of all strings, only those that begin with a digit are meant.
            digits = (compare(field, "gte", "0"), compare(field, "lt", ":"))
            return Or((comparison, And((compare(field, operator, values[1]), *digits))))
        return comparison

    def _values(self) -> list[Scalar]:
        self._expect_mark("(")
        values = self._value()
        while self._take_mark(","):
            values.extend(self._value())
        self._expect_mark(")")
        return values

    def _text(self) -> str:
        """Return a value as it is written."""
        token = self.current
        values = self._value()
        return str(values[0]) if token is None or token.kind == "quoted" else token.text

    def _value(self) -> list[Scalar]:
        """Return the readings of a value: a bare number is also the string it looks like."""
        token = self.current
        if token is None or token.kind not in ("word", "quoted"):
            raise self.error("a value")
        self._next += 1
        if token.kind == "quoted":
            quote = token.text[0]
            return [re.sub(r"\\(.)", r"\1", token.text[1:-1].replace(quote * 2, quote))]
        if token.text.lower() in ("true", "false"):
            return [token.text.lower() == "true"]
        if _NUMBER.match(token.text):
            if _WHOLE.match(token.text) and abs(int(token.text)) < 2**63:
                return [int(token.text), token.text]
            return [float(token.text), token.text]
        return [token.text]

    def _take(self, word: str) -> bool:
        token = self.current
        if token is None or not token.is_word(word):
            return False
        self._next += 1
        return True

    def _take_mark(self, mark: str) -> bool:
        token = self.current
        if token is None or token.kind != "mark" or token.text != mark:
            return False
        self._next += 1
        return True

    def _expect_mark(self, mark: str) -> None:
        if not self._take_mark(mark):
            raise self.error(repr(mark))
