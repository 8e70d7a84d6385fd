"""Which rules hold for one query, decided once, before anything is ranked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from search.query.query import Term
from search.rules.phrase_units import holds, units_of
from search.rules.ranking_rules import (
    NO_SYNONYMS,
    Boost,
    Curation,
    Pin,
    RankingRules,
    SynonymTable,
    is_for,
)


@dataclass(frozen=True, slots=True)
class QueryRules:
    """What rules say of one query.

    Attributes:
        synonyms: What counts as its words as well.
        pins: What is shown, by position, each position and each record once.
        hide: Ids of records that are not shown.
        boosts: What moves hits among others.
        digest: Tells them from what other rules say.
    """

    synonyms: SynonymTable = NO_SYNONYMS
    pins: tuple[Pin, ...] = ()
    hide: tuple[str, ...] = ()
    boosts: tuple[Boost, ...] = ()
    digest: str = ""


NO_QUERY_RULES = QueryRules()


def rules_for(
    rules: RankingRules,
    terms: Sequence[Term],
    *,
    language: str | None,
    is_sorted: bool,
    now: datetime,
) -> QueryRules:
    """Return what rules say of a query.

    Curations are for queries of words alone: what a picture is beside is not what they name. Where
    somebody sorts by a field, nothing is pinned or boosted, and what is hidden stays so.

    Args:
        rules: Of the collection.
        terms: What is asked.
        language: Which language it is in; None for any.
        is_sorted: Hits come in another order than that of relevance.
        now: The time, with its zone.
    """
    pins, hide = _curated([one for one in _fitting(rules, terms, language) if one.holds_at(now)])
    return QueryRules(
        synonyms=rules.synonyms_for(language),
        pins=() if is_sorted else pins,
        hide=hide,
        boosts=() if is_sorted else rules.boosts,
        digest=rules.digest,
    )


def _fitting(rules: RankingRules, terms: Sequence[Term], language: str | None) -> list[Curation]:
    """Return the curations for a query: those for just this one first, then as they are listed."""
    if not rules.curations or not terms or any(one.text is None for one in terms):
        return []
    said = units_of(" ".join(one.text or "" for one in terms if one.weight > 0))
    is_all = all(one.weight > 0 for one in terms)
    exact, containing = [], []
    for unit in dict.fromkeys(said):
        for phrase, curation in rules.curations_by_unit.get(unit, ()):
            if not is_for(curation.language, language):
                continue
            if phrase == said and is_all:
                exact.append(curation)
            elif curation.match == "contains" and holds(said, phrase):
                containing.append(curation)
    places = {id(one): place for place, one in enumerate(rules.curations)} if containing else {}
    return [*exact, *sorted(containing, key=lambda one: places[id(one)])]


def _curated(curations: Sequence[Curation]) -> tuple[tuple[Pin, ...], tuple[str, ...]]:
    """Return what several curations pin and hide; the first that names a record decides on it.

    A pin whose position is taken goes to the next one that is free.
    """
    pins: dict[int, Pin] = {}
    hide: dict[str, None] = {}
    named: set[str] = set()
    for curation in curations:
        for pin in curation.pins:
            if pin.id in named:
                continue
            position = pin.position
            while position in pins:
                position += 1
            pins[position] = Pin(pin.id, position)
            named.add(pin.id)
        hide.update(dict.fromkeys(one for one in curation.hide if one not in named))
        named.update(curation.hide)
    return tuple(pins[one] for one in sorted(pins)), tuple(hide)
