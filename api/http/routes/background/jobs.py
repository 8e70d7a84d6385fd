"""Jobs that index sources the operator has allowed, backups, and how far jobs of any kind are."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Request, Response
from fastapi import Query as Parameter
from fastapi.responses import StreamingResponse

from api.http.errors.problems import ServiceError
from api.http.mapping.documents import JsonRoute
from api.http.mapping.public_names import public_job
from api.http.mapping.queries import at
from api.http.routes.background.sources import address_of, not_allowed, path_of, root_of
from api.http.runtime.background.job import Job
from api.http.runtime.background.job_store import JobFilter
from api.http.runtime.background.jobs import Jobs
from api.http.runtime.dependencies import (
    Backupable,
    KeyDependency,
    ServiceDependency,
    TellJob,
    Watchable,
    Writable,
    allow,
    check_again,
)
from api.http.runtime.service import Service
from api.http.schemas.background.jobs import (
    JobIn,
    JobOut,
    JobPage,
    JobsAsked,
    JobsOfOneAsked,
    JobState,
)
from api.http.schemas.common import Name
from api.keys.key import Key
from api.operations.apart.indexing import index_apart
from api.operations.backup.backing_up import back_up
from binocle.errors import CursorError, SourceError
from indexer.sources.base import Source
from indexer.sources.encodings import checked_encoding
from indexer.sources.left_out import checked_patterns
from indexer.sources.registry import open_source
from indexer.sources.table import ColumnRoles

router = APIRouter(tags=["jobs"], route_class=JsonRoute)
all_router = APIRouter(tags=["jobs"], route_class=JsonRoute)
_EVENT_EVERY_S = 0.5
_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"enum": list(get_args(JobState)), "description": "The job's state"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/JobOut"},
        },
    },
}


@router.post("/{name}/jobs", status_code=202)
async def start_job(
    collection: Writable,
    service: ServiceDependency,
    key: KeyDependency,
    body: JobIn,
    request: Request,
    tell: TellJob,
) -> JobOut:
    """Start indexing a source below one of the folders the operator has allowed."""
    opens, source = await service.storing.run(_allowed_source, service, body)
    model = await service.storing.run(service.model_named, body.model, key) if body.model else None
    jobs: Jobs = request.app.state.jobs

    def work(job: Job) -> None:
        report = index_apart(service.container, collection, model, opens, job.update)
        job.counts, job.warnings = asdict(report.tally), report.warnings
        service.warm(collection)

    hidden = (source.uri, source.path.name)
    return tell(jobs.start("index", collection, work, source=source.path.name, hidden=hidden))


@router.post("/{name}/backups", status_code=202)
async def start_backup(
    collection: Backupable, service: ServiceDependency, request: Request, tell: TellJob
) -> JobOut:
    """Start a backup of the collection into the folder that the operator has named."""
    to = service.settings.backups
    if to is None:
        detail = "the operator has named no folder for backups (BINOCLE_BACKUPS)"
        raise ServiceError(403, "backup-not-allowed", detail)
    jobs: Jobs = request.app.state.jobs

    def work(job: Job) -> None:
        report = back_up(
            service.container,
            [collection.path.name],
            to,
            on_progress=lambda _, done, total: job.advance(done, total),
        )
        job.counts = {"files": report.files, "copied": report.copied}
        job.warnings = tuple(report.problems)

    return tell(jobs.start("backup", collection, work, hidden=(str(to), "BINOCLE_BACKUPS")))


@all_router.get("")
async def list_all_jobs(
    service: ServiceDependency,
    key: KeyDependency,
    request: Request,
    asked: Annotated[JobsAsked, Parameter()],
) -> JobPage:
    """List jobs, the latest first, of all collections that the key may start some in."""
    if asked.collection is None:
        named = None if key is None else _names_for(service, key)
    else:
        if key is None or not key.allows("backup", asked.collection):
            allow(key, "read", asked.collection)
        named = {service.container.aliases.resolve(asked.collection): asked.collection}
    names = None if named is None else list(named)

    def tell(job: Job) -> JobOut:
        return public_job(job.out(), key, (named or {}).get(job.collection, job.collection))

    page: JobPage = await service.storing.run(_listed, request.app.state.jobs, asked, names, tell)
    return page


@router.get("/{name}/jobs")
async def list_jobs(
    collection: Watchable,
    service: ServiceDependency,
    request: Request,
    asked: Annotated[JobsOfOneAsked, Parameter()],
    tell: TellJob,
) -> JobPage:
    """List the jobs of a collection, the latest first."""
    names = [collection.path.name]
    page: JobPage = await service.storing.run(_listed, request.app.state.jobs, asked, names, tell)
    return page


def _listed(
    jobs: Jobs, asked: JobsOfOneAsked, names: list[str] | None, tell: Callable[[Job], JobOut]
) -> JobPage:
    with at("query.cursor"):
        before = _before(asked.cursor)
    wanted = JobFilter(names, tuple(asked.kind), tuple(asked.state), before)
    found, following = jobs.listed(wanted, asked.limit)
    return JobPage(
        jobs=[tell(job) for job in found],
        cursor=None if following is None else f"j{following}",
    )


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    number = cursor.removeprefix("j")
    if not (number.isascii() and number.isdigit() and len(number) <= 18 and number != cursor):
        raise CursorError("the cursor is damaged; start again without one")
    return int(number)


@router.get("/{name}/jobs/{job_id}")
async def get_job(collection: Watchable, job_id: str, request: Request, tell: TellJob) -> JobOut:
    """Tell how far a job is."""
    jobs: Jobs = request.app.state.jobs
    return tell(jobs.get(collection, job_id))


@router.delete("/{name}/jobs/{job_id}", status_code=202)
async def cancel_job(
    collection: Watchable,
    name: Name,
    key: KeyDependency,
    job_id: str,
    request: Request,
    tell: TellJob,
) -> JobOut:
    """Cancel a job; what it has committed stays. That of another key takes one that may write."""
    jobs: Jobs = request.app.state.jobs
    job = jobs.get(collection, job_id)
    if key is None or job.owner != key.identity:
        allow(key, "write", name)
    jobs.cancel(job)
    return tell(job)


@router.get(
    "/{name}/jobs/{job_id}/events",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {"schema": _EVENT}}}},
)
async def job_events(
    collection: Watchable, job_id: str, request: Request, tell: TellJob
) -> StreamingResponse:
    """Tell how far a job is whenever that has changed, until it ends, as server-sent events.

    ``event`` is the job's state, ``data`` a JobOut in JSON.
    """
    jobs: Jobs = request.app.state.jobs
    job = jobs.get(collection, job_id)

    async def events() -> AsyncIterator[str]:
        last = ""
        while True:
            try:
                check_again(request)
            except ServiceError:
                return
            ended = job.ended
            data = tell(job).model_dump_json()
            if data != last:
                yield f"event: {job.state}\ndata: {data}\n\n"
                last = data
            if ended or await request.is_disconnected():
                return
            await asyncio.sleep(_EVENT_EVERY_S)

    return StreamingResponse(events(), media_type="text/event-stream")


def _allowed_source(service: Service, body: JobIn) -> tuple[Callable[[], Source], Source]:
    """Return the source a client names, and what opens it, if it lies below an allowed folder.

    Whether other paths exist is not told, nor where it lies.

    Raises:
        ServiceError: 403, it does not.
        SourceError: It is not there.
    """
    allowed = service.settings.sources
    with at("source"):
        address = address_of(body.source, allowed)
    roots = [root_of(one) for one in allowed if isinstance(one, Path)]
    place = address or _allowed_path(body.source, roots)
    with at("encoding"):
        encoding = checked_encoding(body.encoding)
    with at("exclude"):
        checked_patterns(body.exclude)
    columns = ColumnRoles(
        body.id_column, body.image_column, tuple(body.text_columns), encoding=encoding
    )
    fetch = address is None and service.settings.fetch_urls
    opens = partial(open_source, place, columns, allowed=roots, exclude=body.exclude, fetch=fetch)
    try:
        return opens, opens()
    except SourceError as error:
        raise SourceError(str(error).replace(str(place), body.source)) from error


def _names_for(service: Service, key: Key) -> dict[str, str] | None:
    """Return the collections whose jobs a key may see, each with its name for it; None: all."""
    if not (key.allows("read", None) or key.allows("backup", None)):
        return {}
    if key.collections is None:
        return None
    resolved = service.container.aliases.resolved(key.collections)
    return {own: name for name, own in resolved.items()}


def _allowed_path(source: str, roots: list[Path]) -> Path:
    try:
        path = path_of(source, roots).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise not_allowed() from error
    if not any(path == root or root in path.parents for root in roots):
        raise not_allowed()
    return path
