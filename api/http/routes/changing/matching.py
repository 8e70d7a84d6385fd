"""Changing and removing all records that pass a filter; by default it is only told which."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from fastapi import APIRouter

from api.http.errors.problems import ServiceError
from api.http.mapping.documents import JsonRoute
from api.http.mapping.queries import at
from api.http.runtime.dependencies import ServiceDependency, Writable
from api.http.runtime.log_lines import note
from api.http.runtime.service import Service
from api.http.schemas.changes import MatchingIn, MatchingOut, UpdateMatchingIn
from api.operations.bulk_changes import (
    Matching,
    find_matching,
    remove_matching,
    update_matching,
)
from binocle.collection.collection import Collection
from binocle.metadata.filter_parsing import parse_json
from binocle.metadata.filters import Filter, both
from search.query.filter_language import parse_where
from search.query.warnings import check_times

router = APIRouter(tags=["records"], route_class=JsonRoute)


_Change: TypeAlias = Callable[..., Matching]


@router.post("/{name}/records:update")
async def update_records(
    collection: Writable, service: ServiceDependency, body: UpdateMatchingIn
) -> MatchingOut:
    """Set metadata fields of all records that pass a filter, as one change; first a dry run."""
    change = partial(update_matching, metadata=body.metadata)
    return await _done(collection, service, body, change)


@router.post("/{name}/records:delete")
async def delete_records(
    collection: Writable, service: ServiceDependency, body: MatchingIn
) -> MatchingOut:
    """Remove all records that pass a filter, for good; first a dry run."""
    return await _done(collection, service, body, remove_matching, is_removal=True)


async def _done(
    collection: Collection,
    service: Service,
    body: MatchingIn,
    change: _Change,
    *,
    is_removal: bool = False,
) -> MatchingOut:
    work = find_matching if body.dry_run else partial(change, expected=body.expected)
    found = await service.storing.run(work, collection, _filter_of(collection, body))
    note(changed=found.changed)
    if is_removal and not body.dry_run:
        service.removal_traces.note(collection, found.ids)
    return MatchingOut(
        matched=len(found.ids), changed=found.changed, dry_run=body.dry_run, ids=found.shown
    )


def _filter_of(collection: Collection, body: MatchingIn) -> Filter:
    with at("where"):
        typed = parse_where(body.where) if body.where else None
    with at("filter"):
        given = parse_json(body.filter) if body.filter else None
    where = both(given, typed) if given is not None and typed is not None else given or typed
    if where is None:
        detail = "say which records: give filter or where; an empty one would be all of them"
        raise ServiceError(422, "bad-filter", detail, field="filter")
    with at("filter" if given is not None else "where"):
        check_times(collection, where)
    return where
