"""JSON → ranking rules. What is wrong is told in one line: which rule, which limit, what to do."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from binocle.errors import RulesError, UsageError
from search.query.filter_language import parse_where
from search.query.query import LANGUAGE
from search.rules import ranking_rules as limits
from search.rules.formula import Formula
from search.rules.phrase_units import phrase_tokens, units_of
from search.rules.ranking_rules import Boost, Curation, Pin, RankingRules, Synonym

_Rule = TypeVar("_Rule")
_MEMBERS: Mapping[str, frozenset[str]] = {
    "rules": frozenset({"synonyms", "curations", "boosts"}),
    "synonym": frozenset({"words", "typed", "language"}),
    "curation": frozenset(
        {"name", "query", "match", "pin", "hide", "from", "until", "language"}
    ),
    "pin": frozenset({"id", "position"}),
    "boost": frozenset(
        {"name", "weight", "field", "pivot", "prefer", "half_life_days", "where", "formula"}
    ),
}  # fmt: skip
_SOURCES = ("pivot", "half_life_days", "where", "formula")
_HALF = re.compile(r"[\ud800-\udfff]")
_MAX_ID = 1024
_MAX_NAME = 200
_MOST_NUMBER = 1e15


def read_rules(text: str | bytes) -> RankingRules:
    """Read rules as JSON.

    Raises:
        RulesError: They cannot be read, or are beyond a limit.
    """
    size = len(text.encode(errors="replace") if isinstance(text, str) else text)
    if size > limits.MAX_DOCUMENT_BYTES:
        raise RulesError(
            f"the rules have {size:,} bytes, and {limits.MAX_DOCUMENT_BYTES:,} are the limit; take "
            "out what has no effect any more"
        )
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RulesError(f"the rules are no JSON ({error})") from error
    if _HALF.search(json.dumps(document, ensure_ascii=False)):
        raise RulesError("the rules have half a character, a lone surrogate; spell it whole")
    return parse_rules(document)


def parse_rules(document: Any) -> RankingRules:
    """Return the rules that a JSON document says.

    Raises:
        RulesError: They say what rules cannot, or are beyond a limit.
    """
    whole = _object(document, "rules", "the rules")
    return RankingRules(
        tuple(_each(whole, "synonyms", limits.MAX_SYNONYMS, _synonym)),
        tuple(_each(whole, "curations", limits.MAX_CURATIONS, _curation)),
        tuple(_boosts(whole)),
    )


def _each(
    whole: Mapping[str, Any], name: str, most: int, parse: Callable[[Any, str], _Rule]
) -> Iterator[_Rule]:
    given = _list(whole.get(name, []), name, most)
    for number, one in enumerate(given):
        title = one.get("name") if isinstance(one, dict) else None
        called = f" ({title!r})" if isinstance(title, str) and title else ""
        with _at(f"{name}[{number}]{called}", f"{name}.{number}"):
            yield parse(one, name)


def _synonym(given: Any, _: str) -> Synonym:
    one = _object(given, "synonym", "a synonym")
    words = tuple(_phrase(word) for word in _list(one.get("words"), "words", limits.MAX_WORDS))
    typed = None if one.get("typed") is None else _phrase(one["typed"])
    different = {units_of(word) for word in (*words, *([typed] if typed else []))}
    if len(different) < 2:
        raise RulesError(
            "its words are one and the same (case, accents and plurals make no difference); give "
            "two, or one beside 'typed'"
        )
    return Synonym(words, typed, _language(one))


def _curation(given: Any, _: str) -> Curation:
    one = _object(given, "curation", "a curation")
    query = _phrase(one.get("query"), "query")
    match = one.get("match", "exact")
    if match not in ("exact", "contains"):
        raise RulesError(f"match is exact or contains, not {match!r}")
    listed = _list(one.get("pin", []), "pin", limits.MAX_PINS)
    pins = [_pin(pin, number) for number, pin in enumerate(listed)]
    hide = [_id(name) for name in _list(one.get("hide", []), "hide", limits.MAX_HIDDEN)]
    if not pins and not hide:
        raise RulesError("it pins and hides nothing; give pin, hide or both")
    if (twice := _twice([*(pin.id for pin in pins), *hide])) is not None:
        raise RulesError(f"it names the record {twice!r} twice; a record has one place, or none")
    if (place := _twice([pin.position for pin in pins])) is not None:
        raise RulesError(f"two records are pinned at position {place}; give each its own")
    start, end = _moment(one, "from"), _moment(one, "until")
    if start is not None and end is not None and end <= start:
        raise RulesError("it ends before it begins; until is later than from")
    name = one.get("name")
    return Curation(
        name=query if name is None else _text(name, "name", _MAX_NAME),
        query=query,
        match=match,
        pins=tuple(sorted(pins, key=lambda pin: pin.position)),
        hide=tuple(hide),
        start=start,
        end=end,
        language=_language(one),
    )


def _pin(given: Any, number: int) -> Pin:
    if isinstance(given, str):
        return Pin(_id(given), number + 1)
    one = _object(given, "pin", "a pin")
    position = one.get("position", number + 1)
    is_number = isinstance(position, int) and not isinstance(position, bool)
    if not is_number or not 1 <= position <= limits.MAX_POSITION:
        raise RulesError(f"a position is from 1 to {limits.MAX_POSITION}, not {position!r}")
    return Pin(_id(one.get("id")), position)


def _boosts(whole: Mapping[str, Any]) -> list[Boost]:
    boosts = list(_each(whole, "boosts", limits.MAX_BOOSTS, _boost))
    if (name := _twice([one.name for one in boosts])) is not None:
        raise RulesError(f"two boosts are called {name!r}; hits tell them apart by name")
    return boosts


def _boost(given: Any, _: str) -> Boost:
    one = _object(given, "boost", "a boost")
    chosen = [source for source in _SOURCES if one.get(source) is not None]
    if len(chosen) != 1:
        raise RulesError(
            "give one of pivot (of a field of numbers), half_life_days (of a field of dates), "
            f"where and formula; it has {' and '.join(chosen) or 'none'}"
        )
    needs_field = chosen[0] in ("pivot", "half_life_days")
    if needs_field != (one.get("field") is not None):
        what = "takes a field" if needs_field else "names its fields itself; leave field out"
        raise RulesError(f"{chosen[0]} {what}")
    weight = _number(one, "weight", limits.LEAST_WEIGHT, limits.MOST_WEIGHT)
    if weight is None or weight == 0:
        raise RulesError("a weight is a number other than 0, such as 0.5")
    field = _text(one["field"], "field", _MAX_NAME) if needs_field else ""
    where, formula = one.get("where"), one.get("formula")
    name = one.get("name")
    prefer = one.get("prefer", "high")
    if prefer not in ("high", "low") or ("prefer" in one and chosen != ["pivot"]):
        raise RulesError(f"prefer is high or low, and beside a pivot, not {prefer!r}")
    return Boost(
        name=_text(name or field or where or formula, "name", _MAX_NAME if name else 2000),
        weight=weight,
        field=field,
        pivot=_number(one, "pivot", 1e-9, _MOST_NUMBER),
        prefer=prefer,
        half_life_days=_number(one, "half_life_days", 0.01, 36_500),
        where=None if where is None else parse_where(_text(where, "where", 2000)),
        formula=None if formula is None else Formula.parse(_text(formula, "formula", 2000)),
    )


def _phrase(given: Any, what: str = "a word") -> str:
    text = _text(given, what, limits.MAX_PHRASE)
    if not phrase_tokens(text):
        raise RulesError(f"{what} is letters and digits, which {text!r} has none of")
    if len(units_of(text)) > limits.MAX_PHRASE_UNITS:
        raise RulesError(
            f"{text!r} has more than {limits.MAX_PHRASE_UNITS} words (characters, in scripts "
            "without spaces); rules are for what people type"
        )
    return text


def _language(one: Mapping[str, Any]) -> str | None:
    language = one.get("language")
    if language is not None and not (isinstance(language, str) and LANGUAGE.fullmatch(language)):
        raise RulesError(f"a language is a code such as de or pt-BR, not {language!r}")
    return language


def _moment(one: Mapping[str, Any], name: str) -> datetime | None:
    """Return when something begins or ends; a plain date, in UTC, ends when the day does."""
    given = one.get(name)
    if given is None:
        return None
    try:
        if len(given) == len("2026-01-31"):
            day = datetime.combine(date.fromisoformat(given), datetime.min.time(), UTC)
            return day + timedelta(days=1) if name == "until" else day
        moment = datetime.fromisoformat(given)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        raise RulesError(
            f"{name} is a date or a time such as 2026-11-27 or 2026-11-27T18:00:00+01:00, not "
            f"{given!r}"
        ) from None


def _number(one: Mapping[str, Any], name: str, least: float, most: float) -> float | None:
    value = one.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise RulesError(f"{name} is a number from {least:g} to {most:g}, not {value!r}")
    return float(value)


def _id(given: Any) -> str:
    _text(given, "the id of a record", _MAX_ID)
    return str(given)


def _text(given: Any, what: str, most: int) -> str:
    if not isinstance(given, str) or not given.strip():
        raise RulesError(f"{what} is a text that is not empty, not {_short(given)}")
    if len(given) > most:
        raise RulesError(f"{what} has {len(given):,} characters, and {most:,} are the limit")
    return given.strip()


def _list(given: Any, name: str, most: int) -> list[Any]:
    if not isinstance(given, list):
        raise RulesError(f"{name} is a list, not {_short(given)}")
    if len(given) > most:
        raise RulesError(
            f"{name} has {len(given):,} entries, and {most:,} are the limit; take out what has no "
            "effect any more"
        )
    return given


def _object(given: Any, kind: str, what: str) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise RulesError(f"{what} is a JSON object, not {_short(given)}")
    unknown = sorted(given.keys() - _MEMBERS[kind])
    if unknown:
        known = ", ".join(sorted(_MEMBERS[kind]))
        raise RulesError(f"in {what} is no member {unknown[0]!r}; it may have {known}")
    return given


def _short(given: Any) -> str:
    text = repr(given)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _twice(several: Sequence[Any]) -> Any:
    return next((one for place, one in enumerate(several) if one in several[:place]), None)


@contextmanager
def _at(title: str, place: str) -> Iterator[None]:
    """Say which rule an error inside is about."""
    try:
        yield
    except UsageError as error:
        placed = RulesError(f"{title}: {error}")
        placed.place = place
        raise placed from error
