"""A draft of ranking rules: putting it, and trying what it changes before anybody sees it."""

from fastapi import APIRouter, Response

from api.http.errors.problems import ServiceError, at_field
from api.http.mapping.documents import JsonRoute
from api.http.mapping.rules import (
    CONDITIONAL,
    IfMatch,
    document_of,
    matching_rules,
    rules_answer,
    tried_out,
)
from api.http.runtime.dependencies import Readable, ServiceDependency, Writable
from api.http.schemas.ranking.rules import DraftOut, RulesIn, RulesOut, TrialIn, TrialOut
from api.operations.ranking_rules import (
    TriedQuery,
    put_draft,
    remove_draft,
    rules_doubts,
    rules_of,
    try_draft,
)
from binocle.catalog.stored_rules import StoredRules
from binocle.errors import RulesError
from search.rules.rules_book import DRAFT
from search.rules.rules_document import read_rules

router = APIRouter(tags=["ranking rules"], route_class=JsonRoute)


@router.get("/{name}/rules/draft", response_model_exclude_none=True)
async def get_rules_draft(
    collection: Readable, service: ServiceDependency, response: Response
) -> RulesOut:
    """Return the draft of the ranking rules."""
    found = await service.storing.run(rules_of, collection, DRAFT)
    return rules_answer(found, response)


@router.put("/{name}/rules/draft", response_model_exclude_none=True, responses=CONDITIONAL)
async def put_rules_draft(
    collection: Writable,
    service: ServiceDependency,
    body: RulesIn,
    response: Response,
    if_match: IfMatch = None,
) -> DraftOut:
    """Keep ranking rules as the draft, in the place of the one before; no search goes by it.

    ``POST …/search?with=draft`` does. With ``If-Match`` only a draft with that ETag is replaced.
    """

    def put() -> tuple[StoredRules, list[str]]:
        stored = put_draft(collection, document_of(body), matching_rules(if_match))
        return stored, rules_doubts(collection, read_rules(stored.document))

    try:
        stored, warnings = await service.storing.run(put)
    except RulesError as error:
        raise at_field(error, error.place or "body") from error
    answer = rules_answer(stored, response)
    return DraftOut(**answer.model_dump(by_alias=True), warnings=warnings)


@router.delete(
    "/{name}/rules/draft", status_code=204, response_class=Response, responses=CONDITIONAL
)
async def delete_rules_draft(
    collection: Writable, service: ServiceDependency, if_match: IfMatch = None
) -> Response:
    """Forget the draft; with ``If-Match`` only one with that ETag."""
    await service.storing.run(remove_draft, collection, matching_rules(if_match))
    return Response(status_code=204)


@router.post("/{name}/rules:try")
async def try_rules_draft(
    collection: Readable, service: ServiceDependency, body: TrialIn
) -> TrialOut:
    """Answer queries by the live rules and by the draft: which hits come in, go out and move."""
    queries = list(body.queries)
    if body.recorded:
        asked = service.container.suggester(collection).asked(body.recorded)
        queries += [one for one in asked if one not in queries]
        if not queries:
            detail = "the service keeps no queries (BINOCLE_LOG_QUERIES), or none had an answer yet"
            raise ServiceError(422, "bad-rules", f"{detail}; give queries", field="recorded")

    def tried() -> list[TriedQuery]:
        searcher = service.container.searcher(collection)
        return try_draft(searcher, queries, limit=body.limit)

    found = await service.searching.run(tried)
    changed = sum(bool(one.moves) for one in found)
    return TrialOut(changed=changed, tried=[tried_out(one) for one in found])
