"""Indexing jobs over sources the operator has allowed."""

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from api.access import Readable, ServiceDependency, Writable
from api.problems import ServiceError, status_of
from api.schemas import ItemError, JobIn, JobOut
from api.service import Service
from binocle.collection import Collection
from binocle.errors import BinocleError
from indexer.indexer import Progress
from indexer.sources.base import Source
from indexer.sources.opening import open_source
from indexer.sources.table import Columns

router = APIRouter(tags=["jobs"])
_KEPT_JOBS = 200
_EVENT_EVERY_S = 0.5


class _CancelledError(BinocleError):
    code = "cancelled"


@dataclass
class Job:
    """One run of the indexer, and how far it is."""

    id: str
    collection: str
    source: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"] = "waiting"
    done: int = 0
    total: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    error: ItemError | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("done", "failed", "cancelled")

    def out(self) -> JobOut:
        """Return what a client sees."""
        return JobOut(
            id=self.id,
            collection=self.collection,
            source=self.source,
            state=self.state,
            done=self.done,
            total=self.total,
            counts=dict(self.counts),
            error=self.error,
        )

    def update(self, progress: Progress) -> None:
        """Take note of progress; stops the run when the job was cancelled."""
        self.done, self.total = progress.done, progress.total
        self.counts = asdict(progress.tally)
        if self.stop.is_set():
            raise _CancelledError("cancelled")


class Jobs:
    """The jobs of one service: one runs at a time, the others wait."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._jobs: dict[str, Job] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="job")

    def start(self, collection: Collection, source: Source, model: str | None) -> Job:
        """Queue a job.

        Raises:
            ServiceError: 503, too many wait.
        """
        waiting = sum(not job.ended for job in self._jobs.values())
        if waiting >= self._service.settings.queue_size:
            raise ServiceError(503, "overloaded", f"{waiting} jobs wait already")
        for old in [job for job in self._jobs.values() if job.ended][:-_KEPT_JOBS]:
            del self._jobs[old.id]
        job = Job(secrets.token_hex(8), collection.path.name, source.path.name)
        self._jobs[job.id] = job
        self._thread.submit(self._run, job, collection, source, model)
        return job

    def get(self, collection: Collection, job_id: str) -> Job:
        """Return a job of a collection.

        Raises:
            ServiceError: 404, there is none.
        """
        job = self._jobs.get(job_id)
        if job is None or job.collection != collection.path.name:
            raise ServiceError(404, "not-found", f"there is no job {job_id!r}")
        return job

    def close(self) -> None:
        """Cancel everything; what is committed stays."""
        for job in self._jobs.values():
            job.stop.set()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _run(self, job: Job, collection: Collection, source: Source, model: str | None) -> None:
        if job.stop.is_set():
            job.state = "cancelled"
            return
        job.state = "running"
        try:
            indexer = self._service.workshop.indexer(collection, model, job.update)
            job.counts = asdict(indexer.run(source).tally)
            job.state = "done"
        except _CancelledError:
            job.state = "cancelled"
        except BinocleError as error:
            detail = str(error).replace(str(source.path), source.path.name)
            told = detail if status_of(error) < 500 else "the collection cannot be written"
            job.error = ItemError(code=error.code, detail=told)
            job.state = "failed"
        except Exception:
            job.error = ItemError(code="internal", detail="see the service's log")
            job.state = "failed"
            raise


@router.post("/{name}/jobs", status_code=202)
async def start_job(
    collection: Writable, service: ServiceDependency, body: JobIn, request: Request
) -> JobOut:
    """Start indexing a source below one of the folders the operator has allowed."""
    source = await service.storing.run(_allowed_source, service, body)
    model = await service.storing.run(service.model_named, body.model) if body.model else None
    jobs: Jobs = request.app.state.jobs
    return jobs.start(collection, source, model).out()


@router.get("/{name}/jobs/{job_id}")
async def get_job(collection: Readable, job_id: str, request: Request) -> JobOut:
    """Tell how far a job is."""
    jobs: Jobs = request.app.state.jobs
    return jobs.get(collection, job_id).out()


@router.delete("/{name}/jobs/{job_id}", status_code=202)
async def cancel_job(collection: Writable, job_id: str, request: Request) -> JobOut:
    """Cancel a job; what it has committed stays."""
    jobs: Jobs = request.app.state.jobs
    job = jobs.get(collection, job_id)
    job.stop.set()
    return job.out()


@router.get(
    "/{name}/jobs/{job_id}/events",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def job_events(collection: Readable, job_id: str, request: Request) -> StreamingResponse:
    """Tell how far a job is, again and again until it ends, as server-sent events."""
    jobs: Jobs = request.app.state.jobs
    job = jobs.get(collection, job_id)

    async def events() -> AsyncIterator[str]:
        last = ""
        while True:
            ended = job.ended
            data = job.out().model_dump_json()
            if data != last:
                yield f"event: {job.state}\ndata: {data}\n\n"
                last = data
            if ended or await request.is_disconnected():
                return
            await asyncio.sleep(_EVENT_EVERY_S)

    return StreamingResponse(events(), media_type="text/event-stream")


def _allowed_source(service: Service, body: JobIn) -> Source:
    """Return the source a client names, if it lies below an allowed folder.

    Whether other paths exist is not told.

    Raises:
        ServiceError: 403, it does not.
    """
    refused = ServiceError(
        403, "source-not-allowed", "the operator has not allowed this source", field="source"
    )
    try:
        path = Path(body.source).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise refused from error
    roots = [root.expanduser().resolve() for root in service.settings.sources]
    if not any(path == root or root in path.parents for root in roots):
        raise refused
    return open_source(path, Columns(body.id_column, body.image_column, tuple(body.text_columns)))
