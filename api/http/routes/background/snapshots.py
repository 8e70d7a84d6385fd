"""Snapshots: a collection as one archive, made by a job and downloaded."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from api.http.mapping.documents import JsonRoute
from api.http.routes.pictures import HeldFile
from api.http.runtime.background.background import Background
from api.http.runtime.background.job import Job
from api.http.runtime.background.snapshots import SnapshotFile
from api.http.runtime.dependencies import Backupable, Readable, ServiceDependency, TellJob
from api.http.schemas.background.jobs import JobOut
from api.http.schemas.common import Name

router = APIRouter(tags=["jobs"], route_class=JsonRoute)
_TYPE = "application/zstd"
_ARCHIVE: dict[int | str, dict[str, Any]] = {
    200: {"content": {_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
    206: {"description": "A range of it"},
    416: {"description": "The range lies outside the archive"},
}


# Whoever downloads one reads everything: it takes the right to both.
@router.post("/{name}/snapshots", status_code=202)
async def start_snapshot(
    collection: Backupable, _readable: Readable, request: Request, tell: TellJob
) -> JobOut:
    """Start writing the collection into an archive, to be downloaded.

    The last one of each collection is kept.
    """
    background = _background(request)
    name = collection.path.name

    def work(job: Job) -> None:
        made_at = job.begun_at or job.created_at
        found, report = background.snapshots.make(name, job.id, job.advance, made_at=made_at)
        job.counts = {"files": report.files, "bytes": found.size_bytes}
        job.warnings, job.result = tuple(report.problems), found

    hidden = (str(background.snapshots.folder), "the snapshots")
    return tell(background.jobs.start("snapshot", collection, work, hidden=hidden))


@router.get("/{name}/snapshots/{job_id}", response_class=FileResponse, responses=_ARCHIVE)
async def get_snapshot(
    collection: Backupable,
    _readable: Readable,
    service: ServiceDependency,
    name: Name,
    job_id: str,
    request: Request,
) -> Response:
    """Return the archive that a job has written, also in ranges; 'binocle restore' takes it.

    ``ETag`` and ``Repr-Digest`` have its SHA-256.
    """
    background = _background(request)

    def find() -> Response:
        found = background.jobs.result(collection, job_id, "snapshot")
        assert isinstance(found, SnapshotFile)
        path = background.snapshots.path(collection.path.name, job_id)
        headers = {"ETag": f'"{found.sha256}"', "Repr-Digest": found.digest}
        file = f"{name}-{found.made_at[:10]}.tar.zst"
        return HeldFile(path, media_type=_TYPE, headers=headers, filename=file)

    answer: Response = await service.storing.run(find)
    return answer


@router.delete("/{name}/snapshots/{job_id}", status_code=204, response_class=Response)
async def remove_snapshot(
    collection: Backupable,
    _readable: Readable,
    service: ServiceDependency,
    job_id: str,
    request: Request,
) -> Response:
    """Remove an archive."""
    background = _background(request)

    def remove() -> None:
        background.jobs.result(collection, job_id, "snapshot")
        background.snapshots.remove(collection.path.name, job_id)

    await service.storing.run(remove)
    return Response(status_code=204)


def _background(request: Request) -> Background:
    background: Background = request.app.state.background
    return background
