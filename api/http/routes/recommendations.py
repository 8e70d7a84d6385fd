"""Recommendations: more of some records, less of others, nothing that was seen, within a budget."""

import json
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Response

from api.http.errors.problems import ServiceError
from api.http.mapping.documents import JsonRoute
from api.http.mapping.queries import SearchRequest, at
from api.http.runtime.dependencies import Readable, ServiceDependency
from api.http.runtime.metrics import Stopwatch
from api.http.schemas.answers import RecommendOut
from api.http.schemas.common import Name
from api.http.schemas.ranking.recommendations import BudgetIn, RecommendIn
from api.http.schemas.search import SearchIn, TermIn
from api.operations.recommending import bounded, known_ids, reasons_for
from binocle.collection.collection import Collection
from binocle.metadata.filters import Filter

router = APIRouter(tags=["search"], route_class=JsonRoute)
_NEEDED = ("kind", "part")  # of hits, to say why


@router.post("/{name}/recommend", response_model=RecommendOut)
async def recommend(
    collection: Readable, service: ServiceDependency, name: Name, body: RecommendIn
) -> Response:
    """Recommend records like some and unlike others; an unknown id costs only itself.

    It is the search by these records: the same ranking, relevance, pages and hits.
    """
    watch = Stopwatch(service.metrics)
    known, where = await service.searching.run(_read, collection, body)
    request = SearchRequest(
        _search(body, known), where=where, terms_field="more_of", collection=name
    )
    found: dict[str, Any] = json.loads(await service.searches.answer(collection, request, watch))
    hits = {one["id"]: (one["part"]["id"], one["kind"]) for one in found["hits"]}
    examples = [one for one in body.more_of if one in known]
    reasons = await service.searching.run(reasons_for, collection, hits, examples)
    asked = {one.partition(".")[0] for one in body.fields}
    for member in _NEEDED if body.fields else ():
        for hit in found["hits"] if member not in asked else ():
            _drop(hit, member)
    found["because"] = [asdict(one) for one in reasons]
    given = dict.fromkeys((*body.more_of, *body.less_of, *body.seen))
    found["unknown"] = [one for one in given if one not in known]
    text = json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(text, media_type="application/json")


def _read(collection: Collection, body: RecommendIn) -> tuple[set[str], Filter | None]:
    """Return which of the ids there are, and what may be shown.

    Raises:
        ServiceError: 422, an id is to be followed and avoided; 404, none to be followed is there.
    """
    both = set(body.more_of) & set(body.less_of)
    if both:
        detail = f"{min(both)!r} is in more_of, too; a record is followed or avoided"
        raise ServiceError(422, "invalid", detail, field="less_of")
    known = known_ids(collection, [*body.more_of, *body.less_of, *body.seen])
    if not known & set(body.more_of):
        detail = f"none of these records is there: {', '.join(map(repr, body.more_of[:5]))}"
        raise ServiceError(404, "not-found", detail, field="more_of")
    budget = body.budget
    field = budget.field if isinstance(budget, BudgetIn) else None
    at_most = budget.at_most if isinstance(budget, BudgetIn) else budget
    seen = [one for one in body.seen if one in known]
    with at("budget"):
        return known, bounded(collection, seen=seen, field=field, at_most=at_most)


def _search(body: RecommendIn, known: set[str]) -> SearchIn:
    """Return the search that a recommendation is."""
    more = [TermIn(record=one) for one in dict.fromkeys(body.more_of) if one in known]
    less = [TermIn(record=one, weight=-1) for one in dict.fromkeys(body.less_of) if one in known]
    alike = RecommendIn.model_fields.keys() & SearchIn.model_fields.keys()
    return SearchIn(
        query=[*more, *less],
        **{name: getattr(body, name) for name in alike - {"fields"}},
        fields=[*body.fields, *_NEEDED] if body.fields else [],
    )


def _drop(hit: dict[str, Any], member: str) -> None:
    hit.pop(member, None)
    for other in hit["others"]:
        other.pop(member, None)
