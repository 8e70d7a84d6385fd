"""What ranking rules are, and their limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal, TypeAlias

from binocle.metadata.filters import Filter
from search.rules.formula import Formula
from search.rules.phrase_units import phrase_tokens, units_of

Match: TypeAlias = Literal["exact", "contains"]
Prefer: TypeAlias = Literal["high", "low"]

MAX_SYNONYMS = 5_000
MAX_WORDS = 50  # of one synonym
MAX_PHRASE = 100  # characters
MAX_PHRASE_UNITS = 10
MAX_CURATIONS = 5_000
MAX_PINS = 50
MAX_POSITION = 100
MAX_HIDDEN = 500
MAX_BOOSTS = 10
LEAST_WEIGHT, MOST_WEIGHT = -0.99, 10.0
MAX_DOCUMENT_BYTES = 2_000_000
VERSIONS_KEPT = 100
MAX_TRIED = 1_000  # queries that a draft is tried on at once


@dataclass(frozen=True, slots=True)
class Synonym:
    """Words that mean the same.

    Attributes:
        words: Texts of one word or several.
        typed: Whoever types this finds the words as well, and not the other way; None where each
            finds all others.
        language: Only for queries in this language; None for all.
    """

    words: tuple[str, ...]
    typed: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Pin:
    """A record that is shown at a position, from 1."""

    id: str
    position: int


@dataclass(frozen=True, slots=True)
class Curation:
    """What is shown, and what is not, where somebody asks for something.

    Attributes:
        name: For people.
        query: What is asked for.
        match: Whether that must be all of the query, or may stand in a longer one.
        pins: By position.
        hide: Ids of records that are not shown.
        start: From when on it holds; None for ever since.
        end: Until when, that moment not included; None for ever.
        language: Only for queries in this language; None for all.
    """

    name: str
    query: str
    match: Match = "exact"
    pins: tuple[Pin, ...] = ()
    hide: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    language: str | None = None

    def holds_at(self, moment: datetime) -> bool:
        """Tell whether it holds at a moment, which has a time zone."""
        has_begun = self.start is None or self.start <= moment
        return has_begun and (self.end is None or moment < self.end)


@dataclass(frozen=True, slots=True)
class Boost:
    """What moves records up or down among others that are as relevant.

    Exactly one of ``pivot``, ``half_life_days``, ``where`` and ``formula`` says what a record's
    value is, 0 to 1; see ``search.ranking.boosting``.

    Attributes:
        name: Shown with hits.
        weight: A record of value 1 counts as 1 + weight times as relevant in the order.
        field: Of numbers beside a pivot, of dates beside a half-life.
        pivot: The number whose value is a half.
        prefer: Whether high numbers are worth more, or low ones.
        half_life_days: After so many days the value is a half.
        where: Records that pass have the value 1, others 0.
        formula: Computes the value.
    """

    name: str
    weight: float
    field: str = ""
    pivot: float | None = None
    prefer: Prefer = "high"
    half_life_days: float | None = None
    where: Filter | None = None
    formula: Formula | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields whose values it needs, but for those of a filter."""
        return tuple(dict.fromkeys((*self.numbers, *self.dates)))

    @property
    def numbers(self) -> tuple[str, ...]:
        """The fields whose numbers it needs."""
        if self.formula is not None:
            return self.formula.numbers
        return (self.field,) if self.pivot is not None else ()

    @property
    def dates(self) -> tuple[str, ...]:
        """The fields whose dates it needs."""
        if self.formula is not None:
            return self.formula.dates
        return (self.field,) if self.half_life_days is not None else ()


@dataclass(frozen=True)
class RankingRules:
    """The rules of a collection. All of them empty changes nothing.

    Attributes:
        synonyms, curations, boosts: The rules.
        digest: Tells them from others, where they were stored.
    """

    synonyms: tuple[Synonym, ...] = ()
    curations: tuple[Curation, ...] = ()
    boosts: tuple[Boost, ...] = ()
    digest: str = field(default="", compare=False)
    _tables: dict[frozenset[str], "SynonymTable"] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def synonyms_for(self, language: str | None) -> "SynonymTable":
        """Return the synonyms that hold for queries in a language; all for None."""
        key = frozenset(one for one in self._languages if is_for(one, language))
        if key not in self._tables:
            chosen = [one for one in self.synonyms if one.language is None or one.language in key]
            self._tables[key] = SynonymTable.of(chosen)
        return self._tables[key]

    @cached_property
    def _languages(self) -> frozenset[str]:
        return frozenset(one.language for one in self.synonyms if one.language is not None)

    @cached_property
    def curations_by_unit(self) -> Mapping[str, tuple[tuple[tuple[str, ...], Curation], ...]]:
        """The curations with what they ask for in units, by its first unit."""
        found: dict[str, list[tuple[tuple[str, ...], Curation]]] = {}
        for one in self.curations:
            units = units_of(one.query)
            found.setdefault(units[0], []).append((units, one))
        return {unit: tuple(several) for unit, several in found.items()}


@dataclass(frozen=True, slots=True)
class SynonymTable:
    """What else to look for where a phrase is typed.

    Attributes:
        by_unit: By the first unit of a phrase: the phrase in units, as it was written, and the
            other ways to say it.
    """

    by_unit: Mapping[str, tuple[tuple[tuple[str, ...], str, tuple[str, ...]], ...]]

    @classmethod
    def of(cls, synonyms: "list[Synonym]") -> "SynonymTable":
        """Return the table of synonyms; a phrase that stands in several has all their words."""
        others: dict[tuple[str, ...], dict[str, None]] = {}
        written: dict[tuple[str, ...], str] = {}
        for one in synonyms:
            for typed in one.words if one.typed is None else [one.typed]:
                units = units_of(typed)
                written.setdefault(units, typed)
                kept = others.setdefault(units, {})
                kept.update(dict.fromkeys(word for word in one.words if units_of(word) != units))
        by_unit: dict[str, list[tuple[tuple[str, ...], str, tuple[str, ...]]]] = {}
        for units, words in others.items():
            by_unit.setdefault(units[0], []).append((units, written[units], tuple(words)))
        return cls({unit: tuple(several) for unit, several in by_unit.items()})


NO_SYNONYMS = SynonymTable({})
NO_RULES = RankingRules()


def is_for(language: str | None, asked: str | None) -> bool:
    """Tell whether a rule for a language holds for a query in one; None is all of them.

    A rule for ``pt`` holds for ``pt-BR`` too.
    """
    if language is None or asked is None:
        return True
    rule, query = language.lower(), asked.lower()
    return query == rule or query.startswith(f"{rule}-")


def is_phrase(text: str) -> bool:
    """Tell whether a text has words to look for."""
    return bool(phrase_tokens(text))
