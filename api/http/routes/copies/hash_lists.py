"""Lists of PDQ hashes: what a collection keeps, comes in and goes out, and its own as one."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse, StreamingResponse

from api.http.errors.problems import ServiceError
from api.http.mapping.documents import JsonRoute
from api.http.routes.pictures import HeldFile
from api.http.runtime.background.job import Job
from api.http.runtime.background.jobs import Jobs
from api.http.runtime.dependencies import Readable, ServiceDependency, TellJob, Writable
from api.http.runtime.log_lines import note
from api.http.schemas.background.jobs import JobOut
from api.http.schemas.common import Name
from api.http.schemas.lookup import HashListAddedOut, HashListsOut, KeptHashListOut
from api.operations.hash_lists.exported_hashes import ExportedHashes, exported
from api.operations.hash_lists.kept_lists import (
    add_list,
    examined_lists,
    kept_file,
    own_hashes,
    read_from,
    remove_list,
)
from api.settings import COLLECTION_NAME
from binocle.collection.collection import Collection
from binocle.errors import DamagedListError
from search.copies.hash_lists.hash_list import HashList

router = APIRouter(tags=["lookup"], route_class=JsonRoute)
ListName = Annotated[str, InPath(pattern=COLLECTION_NAME, description="Of the list")]
_MOST_BYTES = 1 << 30
_TOLD = 5  # pictures that cannot be read
_CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "The list"}
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {
                "schema": {
                    "type": "string",
                    "description": "A hash a line, or CSV with hash, quality, label as heading",
                }
            }
        },
    }
}


@router.get("/{name}/hash-lists")
async def hash_lists(collection: Readable, service: ServiceDependency) -> HashListsOut:
    """Name the lists that a collection keeps: each lookup in it asks them, too."""
    kept = await service.storing.run(lambda: [*examined_lists(collection.path)])
    return HashListsOut(lists=[_told(*one) for one in kept])


@router.put("/{name}/hash-lists/{list_name}", openapi_extra=_BODY)
async def put_hash_list(
    collection: Writable, service: ServiceDependency, list_name: ListName, request: Request
) -> HashListAddedOut:
    """Keep a list of hashes that comes as the body, in the place of one of the same name.

    A line is a hash of 64 digits and, if wanted, a quality (0 to 100) and a label, with commas in
    between; or a CSV has a heading. It is read while it comes, up to 1 GiB.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind.startswith("multipart/") or kind == "application/json":
        detail = f"the body is the list itself, as text/csv; this cannot read {kind}"
        raise ServiceError(422, "invalid", detail, field="content-type")
    with tempfile.NamedTemporaryFile() as file:
        taken = 0
        async for piece in request.stream():
            taken += len(piece)
            if taken > _MOST_BYTES:
                detail = f"the list is larger than {_MOST_BYTES:,} bytes; send it in several"
                raise ServiceError(413, "too-large", detail)
            file.write(piece)
        file.flush()
        added = await service.storing.run(_keep, collection, list_name, Path(file.name))
    note(hash_list=list_name, hashes=len(added.hashes))
    return HashListAddedOut(
        name=list_name, hashes=len(added.hashes), plain=added.plain, faults=added.faults
    )


@router.get("/{name}/hash-lists/{list_name}", response_class=FileResponse, responses=_CSV)
async def get_hash_list(
    collection: Readable, service: ServiceDependency, list_name: ListName
) -> Response:
    """Return a list that the collection keeps, as CSV with hash and label."""
    path = await service.storing.run(kept_file, collection, list_name)
    return HeldFile(path, media_type="text/csv", filename=f"{list_name}.csv")


@router.delete("/{name}/hash-lists/{list_name}", status_code=204, response_class=Response)
async def delete_hash_list(
    collection: Writable, service: ServiceDependency, list_name: ListName
) -> Response:
    """Forget a list."""
    note(hash_list=list_name)
    await service.storing.run(remove_list, collection, list_name)
    return Response(status_code=204)


@router.post("/{name}/hashes", status_code=202)
async def start_hashing(
    collection: Readable, service: ServiceDependency, request: Request, tell: TellJob
) -> JobOut:
    """Start computing the hashes of the collection's own pictures, to be shared as a list."""

    def work(job: Job) -> None:
        with service.container.decoders(beside_searches=True) as decoders:
            own = own_hashes(service.container, collection, decoders, job.advance)
            found = exported(own)
        job.counts = {"hashes": found.written, "unreadable": len(found.lost)}
        job.warnings = tuple(f"no hash of {one.record_id}" for one in found.lost[:_TOLD])
        job.result = found

    jobs: Jobs = request.app.state.jobs
    return tell(jobs.start("hashes", collection, work))


@router.get("/{name}/hashes/{job_id}/csv", response_class=StreamingResponse, responses=_CSV)
async def get_hashes(
    collection: Readable, name: Name, job_id: str, request: Request
) -> StreamingResponse:
    """Return the hashes that a job has computed: CSV with hash, quality and id."""
    jobs: Jobs = request.app.state.jobs
    found = jobs.result(collection, job_id, "hashes")
    assert isinstance(found, ExportedHashes)
    disposition = f"attachment; filename*=UTF-8''{quote(name)}-hashes.csv"
    headers = {"Content-Disposition": disposition, "Content-Length": str(found.size_bytes)}
    return StreamingResponse(_pieces(found), media_type="text/csv", headers=headers)


def _pieces(found: ExportedHashes) -> Iterator[bytes]:
    yield from found.pieces()


def _told(name: str, one: HashList | DamagedListError) -> KeptHashListOut:
    if isinstance(one, HashList):
        return KeptHashListOut(name=name, hashes=len(one.hashes))
    return KeptHashListOut(name=name, hashes=0, damage=str(one))


def _keep(collection: Collection, name: str, path: Path) -> HashList:
    added = read_from(path, name)
    add_list(collection, name, added)
    return added
