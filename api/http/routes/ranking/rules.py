"""Ranking rules: which hold, which did, and publishing others."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.http.mapping.documents import JsonRoute
from api.http.mapping.rules import (
    CONDITIONAL,
    IfMatch,
    matching_rules,
    rules_answer,
    version_out,
)
from api.http.runtime.dependencies import Readable, ServiceDependency, Writable
from api.http.runtime.log_lines import note
from api.http.schemas.ranking.rules import BackIn, PublishIn, RulesOut, VersionsOut
from api.operations.ranking_rules import (
    go_back,
    has_draft,
    live_rules,
    publish_draft,
    rules_of,
    rules_versions,
)

router = APIRouter(tags=["ranking rules"], route_class=JsonRoute)


@router.get("/{name}/rules", response_model_exclude_none=True)
async def get_rules(
    collection: Readable, service: ServiceDependency, response: Response
) -> RulesOut:
    """Return the ranking rules that searches go by; empty ones where none were published."""
    found = await service.storing.run(live_rules, collection)
    return rules_answer(found, response)


@router.get("/{name}/rules/versions")
async def list_rules_versions(collection: Readable, service: ServiceDependency) -> VersionsOut:
    """List the versions of the rules that are kept, newest first, and tell of a draft."""
    found = await service.storing.run(rules_versions, collection)
    draft = await service.storing.run(has_draft, collection)
    return VersionsOut(versions=[version_out(one) for one in found], draft=draft)


@router.get("/{name}/rules/versions/{version}", response_model_exclude_none=True)
async def get_rules_version(
    collection: Readable,
    service: ServiceDependency,
    version: Annotated[int, Path(ge=1, le=2**53)],
    response: Response,
) -> RulesOut:
    """Return an earlier version of the rules."""
    found = await service.storing.run(rules_of, collection, version)
    return rules_answer(found, response)


@router.post("/{name}/rules:publish", response_model_exclude_none=True, responses=CONDITIONAL)
async def publish_rules(
    collection: Writable,
    service: ServiceDependency,
    response: Response,
    body: PublishIn | None = None,
    if_match: IfMatch = None,
) -> RulesOut:
    """Have searches go by the draft, from the next one on; it is no draft any more.

    With ``If-Match`` only a draft with that ETag.
    """
    said, check = body.note if body else "", matching_rules(if_match)
    stored = await service.storing.run(publish_draft, collection, said, check)
    note(version=stored.version)
    return rules_answer(stored, response)


@router.post("/{name}/rules:back", response_model_exclude_none=True)
async def go_back_to_rules(
    collection: Writable, service: ServiceDependency, body: BackIn, response: Response
) -> RulesOut:
    """Publish an earlier version once more, as a new one; a draft stays."""
    stored = await service.storing.run(go_back, collection, body.version, body.note)
    note(version=stored.version)
    return rules_answer(stored, response)
