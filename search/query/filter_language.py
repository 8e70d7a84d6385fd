"""Filters as people type them: ``price < 100 and color in (Red, 'Navy Blue')``.

::

    filter     = and-group { "or" and-group }
    and-group  = clause { "and" clause }
    clause     = "not" clause | "(" filter ")" | comparison
    comparison = field ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
               | field [ "not" ] "in" "(" value { "," value } ")"
               | field [ "not" ] "in" time
               | field [ "not" ] "between" value "and" value
               | field [ "not" ] "near" "(" latitude "," longitude "," radius ")"
               | field [ "not" ] "contains" value
               | field [ "not" ] "exists"
               | field [ "not" ] "prefix" value
    field      = word | `quoted with backticks`
    value      = word | number | true | false | 'quoted' | "quoted"

A number without quotes also equals the string it looks like: ``code = 7`` finds the number and
the string. A year is also compared with dates, which are strings: ``taken_at >= 2021``.

A time is what ``dates.parse_span`` reads, such as ``2021-03``, ``last 30 days`` or ``2019..2021``;
those in words are compared as well: ``taken_at >= last month``. ``price in 10..20`` and ``price
between 10 and 20`` are ranges of numbers, both ends in them. A radius is in metres, or ``10km``.
"""

import re
from dataclasses import dataclass
from datetime import date

from binocle.errors import FilterError
from binocle.metadata.dates import named_span
from binocle.metadata.filter_parsing import MAX_DEPTH, checked, compare, compared
from binocle.metadata.filters import STRING_OPERATORS, And, Filter, Not, Or
from binocle.metadata.visible_text import visible
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
_SIGNS = "=, !=, <, <=, >, >="
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


def parse_where(expression: str, today: date | None = None) -> Filter:
    """Read a filter expression.

    Args:
        expression: As above.
        today: What ``yesterday`` or ``last week`` start from; the local date for None.

    Raises:
        FilterError: It cannot be understood; the message shows where.
    """
    parser = _Parser(expression, today)
    parsed = parser.alternatives(1)
    if parser.current is not None:
        raise parser.error("the end, 'and' or 'or'")
    return checked(parsed)


class _Parser:
    def __init__(self, expression: str, today: date | None) -> None:
        self._expression = expression
        self._today = today
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
            kind, place = match.lastgroup or "", match.end()
            text = match[kind] if kind == "quoted" else visible(match[kind]).strip()
            if text:
                self._tokens.append(_Token(kind, text, match.start(kind)))
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
            is_list = self.current is not None and self.current.text == "("
            clause = self._in_list(field) if is_list else self._in_time(field)
        elif self._take("between"):
            clause = self._between(field)
        elif self._take("near"):
            clause = compare(field, "near", self._circle())
        elif named := next((one for one in STRING_OPERATORS if self._take(one)), None):
            clause = compare(field, named, self._text())
        else:
            *names, last = sorted((*STRING_OPERATORS, "exists"))
            raise self.error(f"{_SIGNS}, in, between, near, {', '.join(names)} or {last}")
        return Not(clause) if negated else clause

    def _in_list(self, field: str) -> Filter:
        return compared(field, "in", self._values(), today=self._today)

    def _time(self) -> str | None:
        """Return a time of several words without quotes; None, and nothing taken, where none is."""
        place, token = self._next, self.current
        is_bare = token is not None and token.kind == "word" and not token.is_word("and", "or")
        text = self._phrase("a value") if is_bare else ""
        if " " in text and named_span(text, self._today) is not None:
            return text
        self._next = place
        return None

    def _in_time(self, field: str) -> Filter:
        if self._take("between"):
            return self._between(field)
        return self._range(field, self._phrase("'(' or a time, such as 2021-03 or last week"))

    def _between(self, field: str) -> Filter:
        first = self._phrase("a value")
        if not self._take("and"):
            raise self.error("'and'")
        last = self._phrase("a value")
        return self._range(field, f"{first}..{last}")

    def _phrase(self, expected: str) -> str:
        """Return a quoted value, or all words up to ``and``, ``or`` or a bracket."""
        token = self.current
        if token is not None and token.kind == "quoted":
            return str(self._value()[0])
        words: list[str] = []
        while (token := self.current) is not None and token.kind == "word":
            if token.is_word("and", "or"):
                break
            words.append(token.text)
            self._next += 1
        if not words:
            raise self.error(expected)
        return " ".join(words)

    def _range(self, field: str, text: str) -> Filter:
        """Return a time, a range of numbers, or either where the text may be both."""
        readings: list[Filter] = []
        ends = [end.strip() for end in (text.split("..") if ".." in text else [text, text])]
        if len(ends) == 2 and any(ends) and all(_NUMBER.match(end) for end in ends if end):
            pairs = zip(("gte", "lte"), ends, strict=True)
            bounds = [compare(field, name, _number(end)) for name, end in pairs if end]
            readings.append(bounds[0] if len(bounds) == 1 else And(tuple(bounds)))
        try:
            readings.insert(0, compare(field, "during", text, today=self._today))
        except FilterError:
            if not readings or ".." not in text:
                raise
        return readings[0] if len(readings) == 1 else Or(tuple(readings))

    def _circle(self) -> dict[str, object]:
        self._expect_mark("(")
        latitude = self._value()[0]
        self._expect_mark(",")
        longitude = self._value()[0]
        self._expect_mark(",")
        radius = self._text()
        if self.current is not None and self.current.kind == "word":
            radius += self._text()  # 10 km
        self._expect_mark(")")
        return {"lat": latitude, "lon": longitude, "radius": radius}

    def _compared(self, field: str, operator: str) -> Filter:
        if (time := self._time()) is not None:
            return compared(field, operator, time, today=self._today)
        values = self._value()
        if len(values) > 1 and operator == "eq":
            return compare(field, "in", values)
        if len(values) > 1 and operator == "ne":
            return Not(compare(field, "in", values))
        comparison = compared(field, operator, values[0], today=self._today)
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
        value = self._value()[0]
        return str(value) if token is None or token.kind == "quoted" else token.text

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
            return [_number(token.text), token.text]
        return [token.text]

    def _take(self, word: str) -> bool:
        token = self.current
        if token is None or not token.is_word(word):
            return False
        self._next += 1
        return True

    def _take_mark(self, mark: str) -> bool:
        token = self.current
        found = token is not None and token.kind == "mark" and token.text == mark
        self._next += found
        return found

    def _expect_mark(self, mark: str) -> None:
        if not self._take_mark(mark):
            raise self.error(repr(mark))


def _number(text: str) -> Scalar:
    is_whole = _WHOLE.match(text) and abs(int(text)) < 2**63
    return int(text) if is_whole else float(text)
