"""Searching several collections at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from fastapi import APIRouter, Request

from api.http.errors.problems import ServiceError, problem_of
from api.http.mapping.documents import JsonRoute
from api.http.mapping.hit_members import hit_members
from api.http.mapping.public_names import public_model
from api.http.mapping.queries import SearchRequest, at
from api.http.runtime.dependencies import (
    KeyDependency,
    ServiceDependency,
    allow,
    count_searches,
)
from api.http.runtime.metrics import Stopwatch
from api.http.runtime.search_queue import Found
from api.http.runtime.service import Service
from api.http.schemas.across import SearchAcrossIn, SearchAcrossOut
from api.http.schemas.search import RefinementIn, SearchIn
from binocle.collection.collection import Collection
from binocle.errors import BinocleError
from binocle.metadata.filters import Comparison, both
from binocle.types import Hit
from search.across.cursors import AcrossPosition
from search.across.hit_order import alikeness_of
from search.across.merged_groups import groups_wanted
from search.across.merging import MergedAnswer, merged
from search.across.turns import AcrossTurn
from search.query.query import Query
from search.results.answer import Answer

router = APIRouter(tags=["search"], route_class=JsonRoute)


@router.post("/search", response_model_exclude_unset=True)  # members that were not chosen
async def search_across(
    service: ServiceDependency, key: KeyDependency, body: SearchAcrossIn, request: Request
) -> SearchAcrossOut:
    """Search several collections; one that cannot answer costs only itself."""
    watch = Stopwatch(service.metrics)
    for name in body.collections:
        allow(key, "read", name)
    names = _checked(service, body.collections)
    count_searches(service, key, len(names))
    position = None
    if body.cursor:
        with at("cursor"):
            position = AcrossPosition.of(body.cursor, names)
    with at("refine"):
        turn = AcrossTurn.of(body.refine.turn, names) if body.refine else None
    cursors = position.cursors if position else dict.fromkeys(names)
    found = await _found(service, cursors, body, turn, watch)
    good = {name: one for name, one in found.items() if isinstance(one, Found)}
    if not good:
        raise next(one for one in found.values() if isinstance(one, BinocleError))
    query = _query(good.values(), turn)
    answer: MergedAnswer = await service.searching.run(_merged, query, found, position)
    if query.group:
        answer = answer.with_groups(query, await _groups(service, query, good, answer, watch))
    out: SearchAcrossOut = await service.searching.run(_out, request, query, found, answer, watch)
    return out


async def _groups(
    service: Service,
    query: Query,
    good: Mapping[str, Found],
    answer: MergedAnswer,
    watch: Stopwatch,
) -> dict[str, Answer]:
    """Return what other collections have of the groups of a page."""
    wanted = groups_wanted(query, answer.hits, list(good))
    searches = [
        (good[name].collection, _for_groups(good[name].request, *more))
        for name, more in wanted.items()
    ]
    found = await service.searches.found(searches, watch) if searches else []
    return {
        name: one.answer for name, one in zip(wanted, found, strict=True) if isinstance(one, Found)
    }


def _for_groups(request: SearchRequest, clause: Comparison, count: int) -> SearchRequest:
    """Return what a collection is asked for groups of a page; see ``group_query``."""
    changed: dict[str, Any] = {
        "cursor": None,
        "facets": [],
        "diversity": 0.0,
        "offset": 0,
        "limit": count,
    }
    asked = request.asked.model_copy(update=changed)
    return replace(request, asked=asked, where=both(request.where, clause))


def _checked(service: Service, names: list[str]) -> list[str]:
    """Return names of different collections; what a name stands for may be unknown.

    Raises:
        ServiceError: 422, two of them stand for the same one.
    """
    known: dict[str, str] = {}
    resolved = service.container.aliases.resolved(names)
    for number, name in enumerate(names):
        own = resolved.get(name, name)
        if own in known:
            detail = f"{name!r} is the same collection as {known[own]!r}; name each once"
            raise ServiceError(422, "invalid", detail, field=f"collections.{number}")
        known[own] = name
    return names


def _own(
    body: SearchAcrossIn, name: str, cursor: str | None, turn: AcrossTurn | None
) -> SearchRequest:
    """Return what one collection is asked.

    Raises:
        SavedQueryError: It has given no turn to go on from.
    """
    given = {one: getattr(body, one) for one in SearchIn.model_fields} | {"cursor": cursor}
    if turn is not None and body.refine is not None:
        changes = {one: getattr(body.refine, one) for one in RefinementIn.model_fields}
        given["refine"] = RefinementIn(**{**changes, "turn": turn.own(name)})
    return SearchRequest(SearchIn(**given), collection=name)


async def _found(
    service: Service,
    cursors: Mapping[str, str | None],
    body: SearchAcrossIn,
    turn: AcrossTurn | None,
    watch: Stopwatch,
) -> dict[str, Found | BinocleError]:
    """Return what each collection has found, or why it has not."""
    searches: dict[str, tuple[Collection, SearchRequest]] = {}
    found: dict[str, Found | BinocleError] = {}
    for name, cursor in cursors.items():
        try:
            searches[name] = await service.opened(name), _own(body, name, cursor, turn)
        except BinocleError as error:
            found[name] = error
    asked = list(searches.values())
    answers = await service.searches.found(asked, watch) if asked else []
    found |= zip(searches, answers, strict=True)
    return {name: found[name] for name in cursors}


def _query(found: Iterable[Found | BinocleError], turn: AcrossTurn | None) -> Query:
    """Return what all were asked together, as the first that has an answer has read it."""
    query = next(one.query for one in found if isinstance(one, Found))
    return query if turn is None else turn.taken_over(query)


def _merged(
    query: Query, found: Mapping[str, Found | BinocleError], position: AcrossPosition | None
) -> MergedAnswer:
    good = {name: one for name, one in found.items() if isinstance(one, Found)}
    answers = {name: one.answer for name, one in good.items()}
    collections = {name: one.collection for name, one in good.items()}
    return merged(
        query,
        answers,
        position=position,
        failed=[name for name in found if name not in good],
        alikeness=alikeness_of(query, answers, collections),
    )


def _out(
    request: Request,
    query: Query,
    found: dict[str, Found | BinocleError],
    answer: MergedAnswer,
    watch: Stopwatch,
) -> SearchAcrossOut:
    good = {name: one for name, one in found.items() if isinstance(one, Found)}
    first = next(iter(good.values()))
    members = first.request.members
    warnings = [f"{name}: {one}" for name, each in good.items() for one in each.warnings]
    turns = {name: one.answer.turn for name, one in good.items()}
    turn = AcrossTurn.of_query(query, turns)

    def shown(name: str, hit: Hit, others: Sequence[tuple[str, Hit]] = ()) -> dict[str, Any]:
        beside = [shown(*one) for one in others]
        return {"collection": name, **hit_members(hit, name, members), "others": beside}

    return SearchAcrossOut.model_validate(
        {
            "hits": [shown(*one, answer.others_of(place)) for place, one in enumerate(answer.hits)],
            "cursor": answer.cursor,
            "turn": None if turn is None else turn.as_text(),
            "no_match": answer.no_match,
            "relevant": answer.relevant,
            "relevant_error": answer.relevant_error,
            "facets": [asdict(one) for one in answer.facets],
            "collections": [_share(request, name, one, answer) for name, one in found.items()],
            "looking_for": first.answer.looking_for,
            "warnings": [*warnings, *answer.warnings],
            "took_ms": watch.result(),
        }
    )


def _share(
    request: Request, name: str, found: Found | BinocleError, answer: MergedAnswer
) -> dict[str, Any]:
    if isinstance(found, BinocleError):
        return {"collection": name, "hits": 0, "error": problem_of(request, found).model_dump()}
    own, space = found.answer, found.collection.space
    return {
        "collection": name,
        "hits": answer.shown[name],
        "relevant": own.relevant,
        "relevant_error": own.relevant_error,
        "no_match": own.no_match,
        "exact": own.exact,
        "mode": own.mode,
        "space": public_model(space.name) if space else None,
    }
