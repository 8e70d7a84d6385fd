"""What a query becomes that changes an earlier one.

The earlier query's terms lose what the later one keeps away from or removes, words in them are
swapped, and bounds that are said anew take the place of earlier ones; see ``Refinement``.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields, replace
from typing import Any

from binocle.errors import QueryError
from binocle.metadata.filters import And, Comparison, Filter, both
from search.query.query import Query, Term
from search.query.rewording import with_words_swapped, without_words
from search.query.turns import MAX_TERMS, Refinement

_WHO = (
    "men|women|man|woman|boys?|girls?|kids?|children|child|bab(?:y|ies)|toddlers?|infants?"
    "|gents|ladies|unisex|adults?|teens?|males?|females?"
)
_PERSON = re.compile(rf"(?<![\w-])(?:{_WHO})(?:['\u2019]s)?(?![\w'\u2019-])", re.IGNORECASE)
_PERSONS = re.compile(
    rf"(?:(?:but|only|rather|instead)\s+)?(?:for\s+)?(?:the\s+)?(?P<who>{_WHO})(?:['\u2019]s?)?"
    r"(?:\s+(?:only|instead|ones?))?",
    re.IGNORECASE,
)
_OWN = {"terms", "where", "cursor", "refine"}  # everything else is the earlier query's


def refined(query: Query, earlier: Query) -> Query:
    """Return the query that an earlier one becomes; see ``Refinement``.

    Args:
        query: Has a refinement.
        earlier: What its turn names.

    Raises:
        QueryError: What shall go is not there, or too many terms are left.
    """
    change = query.refine
    assert change is not None
    kept = () if change.replace else _without(earlier.terms, change.remove)
    kept = _without_unwanted(kept, query.terms)
    kept, added = _for_others(kept, query.terms) if change.is_spoken else (kept, query.terms)
    terms = _swapped(kept, change) + added
    if len(terms) > MAX_TERMS:
        raise QueryError(f"{len(terms)} terms are more than the limit of {MAX_TERMS}")
    inherited: dict[str, Any] = {
        one.name: getattr(earlier, one.name)
        for one in fields(Query)
        if one.name not in _OWN and getattr(query, one.name) == _default(one)
    }
    if "sort" in inherited:
        inherited["sort"] = tuple(one for one in earlier.sort if one.field not in change.forgotten)
    where = None if change.drop_filter else _without_bounds(earlier.where, change)
    where = both(where, query.where)
    return replace(query, **inherited, terms=terms, where=where, refine=None)


def _without(terms: tuple[Term, ...], remove: Sequence[str]) -> tuple[Term, ...]:
    kept = terms
    for name in {one.strip().casefold(): one.strip() for one in remove}.values():
        fewer = _without_one(kept, name)
        if fewer is None:
            raise QueryError(
                f"the earlier query has no term {name!r} to remove; it has {_named(terms)}"
            )
        kept = fewer
    return kept


def _without_unwanted(terms: tuple[Term, ...], added: Sequence[Term]) -> tuple[Term, ...]:
    """Return terms that do not look for what is to be kept away from now, nor the other way."""
    wanted = tuple(term for term in terms if term.weight > 0)
    for name in (term.text for term in added if term.text is not None and term.weight < 0):
        fewer = _without_one(wanted, name.strip())
        wanted = wanted if fewer is None else fewer
    said = [term.text.strip() for term in added if term.text is not None]
    unwanted = (term for term in terms if term.weight < 0)
    return (*wanted, *(term for term in unwanted if not any(_is_called(term, one) for one in said)))


def _without_bounds(where: Filter | None, change: Refinement) -> Filter | None:
    """Return a filter without the comparisons that later ones take the place of."""
    if isinstance(where, And):
        kept = [_without_bounds(clause, change) for clause in where.clauses]
        clauses = tuple(clause for clause in kept if clause is not None)
        return And(clauses) if len(clauses) > 1 else next(iter(clauses), None)
    if isinstance(where, Comparison) and (
        where.field in change.forgotten or any(_goes(where, one) for one in change.bounds)
    ):
        return None
    return where


def _for_others(
    kept: tuple[Term, ...], added: tuple[Term, ...]
) -> tuple[tuple[Term, ...], tuple[Term, ...]]:
    """Return earlier and added terms where "for women" takes the place of "men"."""
    rest = []
    for term in added:
        said = _PERSONS.fullmatch(term.text.strip()) if term.text and term.weight > 0 else None
        changed = None if said is None else _with_others(kept, said["who"])
        if changed is None:
            rest.append(term)
        else:
            kept = changed
    return kept, tuple(rest)


def _with_others(terms: tuple[Term, ...], who: str) -> tuple[Term, ...] | None:
    """Return terms that are for other persons; None where they are for none."""
    wanted = who.casefold().split("'")[0].removesuffix("s")
    changed = None
    for term in terms:
        if term.text is None or term.weight < 0:
            continue
        for old in _PERSON.findall(term.text):
            if old.casefold().split("'")[0].removesuffix("s") != wanted:
                changed = _with_swap(changed or terms, old, who) or changed
    return changed


def _goes(earlier: Comparison, later: Comparison) -> bool:
    if earlier.operator == later.operator == "during":
        return earlier.field == later.field
    sides = {"lt": -1, "lte": -1, "gt": 1, "gte": 1}
    own, other = sides.get(earlier.operator), sides.get(later.operator)
    if earlier.field != later.field or own is None or other is None:
        return False
    before, after = earlier.value, later.value
    if own == other or not isinstance(before, int | float) or not isinstance(after, int | float):
        return own == other
    return float(before) * own >= float(after) * own


def _without_one(terms: tuple[Term, ...], name: str) -> tuple[Term, ...] | None:
    """Return terms without those of a name, else without these words; None where there is none."""
    others = tuple(term for term in terms if not _is_called(term, name))
    if len(others) < len(terms):
        return others
    texts = [_first_of(term, lambda text: without_words(text, name)) for term in terms]
    if not any(text is not None for text in texts):
        return None
    return tuple(
        term if text is None else _with_text(term, text)
        for term, text in zip(terms, texts, strict=True)
        if text is None or text
    )


def _is_called(term: Term, name: str) -> bool:
    """Tell whether a term is a text as it was typed or read, or a record."""
    names = (_label(term), term.corrected.strip() or None)
    return any(one.casefold() == name.casefold() for one in names if one is not None)


def _first_of(term: Term, change: Callable[[str], str | None]) -> str | None:
    """Return a text changed as it was typed, or else as it was read; None where neither can be."""
    for text in (term.text, term.corrected):
        changed = change(text) if text else None
        if changed is not None:
            return changed
    return None


def _named(terms: tuple[Term, ...]) -> str:
    return ", ".join(repr(name) for name in map(_label, terms) if name) or "none with a name"


def _label(term: Term) -> str | None:
    name = term.text if term.text is not None else term.record
    return None if name is None else name.strip()


def _swapped(terms: tuple[Term, ...], change: Refinement) -> tuple[Term, ...]:
    there = _named(terms)
    for old, new in change.swap:
        swapped = _with_swap(terms, old, new)
        if swapped is None:
            raise QueryError(f"the earlier query has no text with {old!r} to swap; it has {there}")
        terms = swapped
    for old, new in change.instead:
        added = (Term(text=new), Term(text=old, weight=-1.0))
        terms = _with_swap(terms, old, new) or (*terms, *added)
    return terms


def _with_swap(terms: tuple[Term, ...], old: str, new: str) -> tuple[Term, ...] | None:
    texts = [_first_of(term, lambda text: with_words_swapped(text, old, new)) for term in terms]
    if not any(texts):
        return None
    return tuple(
        _with_text(term, text) if text else term for term, text in zip(terms, texts, strict=True)
    )


def _with_text(term: Term, text: str) -> Term:
    return Term(text=text, weight=term.weight)  # it has to be embedded anew


def _default(one: Any) -> Any:
    return one.default if one.default is not MISSING else one.default_factory()
