"""Which pictures of a collection are the same: found by a job, read page by page."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from api.http.mapping.documents import JsonRoute
from api.http.mapping.pictures import thumbnail_path
from api.http.mapping.public_names import public_uri
from api.http.runtime.background.job import Job
from api.http.runtime.background.jobs import Jobs
from api.http.runtime.dependencies import Readable, ServiceDependency, TellJob, Writable
from api.http.schemas.background.jobs import JobOut
from api.http.schemas.common import Name
from api.http.schemas.lookup import CandidatePartOut, ClusterOut, DuplicatesOut, MemberOut
from api.operations.apart.duplicates import find_duplicates_apart
from api.operations.duplicates_report import csv_of
from api.operations.sheets.duplicates_sheet import duplicates_page
from binocle.collection.collection import Collection
from search.copies.clusters import Member
from search.copies.duplicates import Duplicates

router = APIRouter(tags=["lookup"], route_class=JsonRoute)


@router.post("/{name}/duplicates", status_code=202)
async def start_finding(
    collection: Writable, service: ServiceDependency, request: Request, tell: TellJob
) -> JobOut:
    """Start finding the pictures that are the same. Nothing is removed."""

    def work(job: Job) -> None:
        found = find_duplicates_apart(service.settings, collection.path.name, job.advance)
        copies = sum(len(one.others) for one in found.clusters)
        job.counts = {
            "clusters": len(found.clusters),
            "copies": copies,
            "unreadable": found.unreadable,
            "crowded": found.crowded,
        }
        job.result = found

    jobs: Jobs = request.app.state.jobs
    return tell(jobs.start("duplicates", collection, work))


@router.get("/{name}/duplicates/{job_id}")
async def clusters(
    collection: Readable,
    name: Name,
    job_id: str,
    request: Request,
    first: Annotated[int, Query(ge=0, description="Leave out so many clusters")] = 0,
    limit: Annotated[int, Query(ge=0, le=1000, description="Clusters a page")] = 100,
) -> DuplicatesOut:
    """Return clusters a job has found, largest first."""
    found = _found(collection, job_id, request)
    shown = found.clusters[first : first + limit]
    return DuplicatesOut(
        clusters=[
            ClusterOut(
                keep=_member(one.keep, name), others=[_member(other, name) for other in one.others]
            )
            for one in shown
        ],
        reclaimable_bytes=found.reclaimable_bytes,
        total=len(found.clusters),
        pictures=found.pictures,
        compared=found.compared,
        unprepared=found.unprepared,
        unreadable=found.unreadable,
        crowded=found.crowded,
    )


@router.get(
    "/{name}/duplicates/{job_id}/csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def table(
    collection: Readable, service: ServiceDependency, name: Name, job_id: str, request: Request
) -> Response:
    """Return a line for each picture of each cluster."""
    found = _found(collection, job_id, request)
    text = await service.storing.run(csv_of, found, public_uri)
    return _file(text, "text/csv", f"{name}-duplicates.csv")


@router.get(
    "/{name}/duplicates/{job_id}/report",
    response_class=Response,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
)
async def report(
    collection: Readable, service: ServiceDependency, name: Name, job_id: str, request: Request
) -> Response:
    """Return a page to be saved, with thumbnails inside it."""
    found = _found(collection, job_id, request)
    text = await service.storing.run(duplicates_page, found, collection, service.decoders, name)
    return _file(text, "text/html", f"{name}-duplicates.html")


def _found(collection: Collection, job_id: str, request: Request) -> Duplicates:
    jobs: Jobs = request.app.state.jobs
    found = jobs.result(collection, job_id, "duplicates")
    assert isinstance(found, Duplicates)
    return found


def _file(text: str, media_type: str, name: str) -> Response:
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    return Response(
        text.encode(), media_type=media_type, headers={"Content-Disposition": disposition}
    )


def _member(member: Member, collection: str) -> MemberOut:
    part = member.part
    return MemberOut(
        id=member.record_id,
        part=CandidatePartOut(id=part.id, role=part.role, uri=public_uri(part.uri)),
        width=member.width,
        height=member.height,
        size_bytes=member.size_bytes,
        verdict=member.verdict,
        confidence=member.confidence,
        why=member.why,
        thumbnail=thumbnail_path(collection, member.record_id, part.id),
    )
