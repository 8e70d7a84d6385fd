"""Searching several collections at once."""

from dataclasses import asdict
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
from api.http.schemas.search import SearchIn
from binocle.collection.collection import Collection
from binocle.errors import BinocleError
from search.across.cursors import AcrossPosition
from search.across.merging import MergedAnswer, merged

router = APIRouter(tags=["search"], route_class=JsonRoute)


@router.post("/search")
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
    cursors = position.cursors if position else dict.fromkeys(names)
    asked = {
        name: SearchRequest(_own(body, cursor), collection=name) for name, cursor in cursors.items()
    }
    found = await _found(service, asked, watch)
    good = {name: one for name, one in found.items() if isinstance(one, Found)}
    if not good:
        raise next(one for one in found.values() if isinstance(one, BinocleError))
    out: SearchAcrossOut = await service.searching.run(_out, request, found, position, watch)
    return out


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


def _own(body: SearchAcrossIn, cursor: str | None) -> SearchIn:
    """Return what one collection is asked."""
    given = {name: getattr(body, name) for name in SearchIn.model_fields}
    return SearchIn(**{**given, "cursor": cursor})


async def _found(
    service: Service, asked: dict[str, SearchRequest], watch: Stopwatch
) -> dict[str, Found | BinocleError]:
    """Return what each collection has found, or why it has not."""
    opened: dict[str, Collection] = {}
    found: dict[str, Found | BinocleError] = {}
    for name in asked:
        try:
            opened[name] = await service.opened(name)
        except BinocleError as error:
            found[name] = error
    searches = [(opened[name], asked[name]) for name in opened]
    answers = await service.searches.found(searches, watch) if searches else []
    found |= zip(opened, answers, strict=True)
    return {name: found[name] for name in asked}


def _out(
    request: Request,
    found: dict[str, Found | BinocleError],
    position: AcrossPosition | None,
    watch: Stopwatch,
) -> SearchAcrossOut:
    good = {name: one for name, one in found.items() if isinstance(one, Found)}
    first = next(iter(good.values()))
    answer = merged(
        first.query,
        {name: one.answer for name, one in good.items()},
        position=position,
        failed=[name for name in found if name not in good],
    )
    members = first.request.members
    warnings = [f"{name}: {one}" for name, each in good.items() for one in each.warnings]
    return SearchAcrossOut.model_validate(
        {
            "hits": [
                {"collection": name, **hit_members(hit, name, members)} for name, hit in answer.hits
            ],
            "cursor": answer.cursor,
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
        return {"collection": name, "hits": 0, "error": problem_of(request, found)}
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
