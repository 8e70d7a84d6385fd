"""From what somebody typed to a query."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from binocle.collection.collection import Collection
from binocle.errors import NotFoundError, UsageError
from binocle.metadata.filters import both
from search.query.filter_language import parse_where
from search.query.natural_language import Phrase, parse_first, parse_turn
from search.query.notation import (
    parse_boosted,
    parse_cut,
    parse_facet,
    parse_group,
    parse_region,
    parse_sort,
    parse_weights,
)
from search.query.query import Query, Region, Term, Weights
from search.query.stored_words import NOTHING_STORED, StoredWords
from search.query.turns import Refinement

_AWAY = -1.0


def query_of(
    typed: Mapping[str, Any],
    is_record: Callable[[str], bool],
    find_price: Callable[[], str | None] = lambda: None,
    stored: StoredWords = NOTHING_STORED,
) -> Query:
    """Return the query that the options of ``binocle search`` make.

    Args:
        typed: By their names, as they were typed; what is called as a part of a query and is not
            read here goes into it as it is.
        is_record: Tells which names are records' ids.
        find_price: Names the field of prices; see ``parse_turn``.
        stored: Likewise.

    Raises:
        UsageError: Something cannot be understood, or does not go together.
        NotFoundError: There is neither such a record nor such a file.
    """
    _check_readable(typed)
    words = " ".join(typed["text"]).strip()
    phrase = Phrase()
    if words:
        parse = parse_first if typed["refine"] is None else parse_turn
        phrase = parse(words, find_price, stored)
    where = parse_where(typed["where"]) if typed["where"] else None
    read = {
        "where": both(where, phrase.where),
        "weights": parse_weights(typed["weights"]) if typed["weights"] else Weights(),
        "sort": tuple(map(parse_sort, typed["sort"])) or phrase.sort,
        "facets": tuple(map(parse_facet, typed["facets"])),
        "group": parse_group(typed["group_by"]) if typed["group_by"] else None,
        "min_relevance": parse_cut(typed["min_relevance"]) if typed["min_relevance"] else None,
        "refine": _refinement(typed, phrase),
    }
    plain = {one.name: typed[one.name] for one in fields(Query) if one.name in typed}
    return Query(terms=(*phrase.terms, *_terms(typed, is_record)), **{**plain, **read})


def _check_readable(typed: Mapping[str, Any]) -> None:
    """Refuse what the terminal gave as bytes that are no text."""
    for name, value in typed.items():
        for one in value if isinstance(value, tuple | list) else (value,):
            try:
                _ = one.encode() if isinstance(one, str) else b""
            except UnicodeEncodeError as error:
                what = name.replace("_", "-")
                raise UsageError(
                    f"{what}: {one!a} is no UTF-8; look at what the terminal sends"
                ) from error


def _refinement(typed: Mapping[str, Any], phrase: Phrase) -> Refinement | None:
    if typed["refine"] is None:
        for option in ("remove", "replace", "drop_filter", "swap"):
            if typed[option]:
                name = option.replace("_", "-")
                raise UsageError(f"--{name} changes an earlier search; add --refine TURN")
        return None
    return Refinement(
        turn=typed["refine"],
        remove=(*typed["remove"], *phrase.remove),
        replace=typed["replace"],
        drop_filter=typed["drop_filter"],
        swap=typed["swap"],
        instead=phrase.swap,
        bounds=phrase.amounts,
        forgotten=phrase.forgotten,
        is_spoken=True,
    )


def _terms(typed: Mapping[str, Any], is_record: Callable[[str], bool]) -> list[Term]:
    regions = list(map(parse_region, typed["regions"]))
    if len(regions) > sum(len(typed[one]) for one in ("images", "like", "unlike", "urls")):
        raise UsageError(
            "there are more regions than pictures; each --region belongs to an --image, "
            "--like, --unlike or --url"
        )
    pictures = [
        *(_picture(one, regions) for one in typed["images"]),
        *(_like(one, is_record, regions) for one in typed["like"]),
        *(_like(one, is_record, regions, sign=_AWAY) for one in typed["unlike"]),
        *(_address(one, regions) for one in typed["urls"]),
    ]
    texts = [
        *(_words(one) for one in typed["texts"]),
        *(_words(one, sign=_AWAY) for one in typed["without"]),
    ]
    return [*texts, *pictures]


def is_record(collection: Collection, name: str) -> bool:
    """Tell whether a collection has a record of this id."""
    with collection.reading() as session:
        return session.records.number_of(name) is not None


def _next(regions: list[Region]) -> Region | None:
    return regions.pop(0) if regions else None


def _words(text: str, *, sign: float = 1.0) -> Term:
    what, weight = parse_boosted(text)
    return Term(text=what, weight=sign * weight)


def _address(text: str, regions: list[Region]) -> Term:
    what, weight = parse_boosted(text)
    return Term(url=what, weight=weight, region=_next(regions))


def _picture(text: str, regions: list[Region], *, sign: float = 1.0) -> Term:
    path, weight = _first_that(_is_file, text)
    return Term(image=Path(path), weight=sign * weight, region=_next(regions))


def _like(
    text: str, is_record: Callable[[str], bool], regions: list[Region], *, sign: float = 1.0
) -> Term:
    """Return a term of a record; where there is none of that id, of a picture file."""
    name, weight = _first_that(is_record, text)
    if is_record(name):
        return Term(record=name, weight=sign * weight, region=_next(regions))
    if _is_file(_first_that(_is_file, text)[0]):
        return _picture(text, regions, sign=sign)
    raise NotFoundError(
        f"there is neither a record {name!r} in the collection nor a picture file of that name"
    )


def _is_file(name: str) -> bool:
    return Path(name).expanduser().is_file()


def _first_that(fits: Callable[[str], bool], text: str) -> tuple[str, float]:
    """Return a name and its weight; what looks like a weight may be a part of the name."""
    return (text, 1.0) if fits(text) else parse_boosted(text)
