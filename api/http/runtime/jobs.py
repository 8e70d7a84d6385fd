"""What takes minutes and runs behind a request: how far it is, and how it ended."""

import logging
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Literal, TypeAlias

from api.http.errors.problems import ServiceError, status_of
from api.http.schemas.common import ItemError, JobKind, JobOut
from binocle.collection.collection import Collection
from binocle.errors import BinocleError
from indexer.indexer import Progress

_log = logging.getLogger(__name__)
_KEPT_JOBS = 200
_KEPT_RESULTS = 16


class CancelledError(BinocleError):
    """The job was cancelled."""

    code = "cancelled"


@dataclass
class Job:
    """Something that runs, and how far it is.

    Attributes:
        result: What it has found, for those kinds that find something; kept for the last few.
        hidden: Text that error messages must not show, and what they show instead.
    """

    id: str
    kind: JobKind
    collection: str
    source: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"] = "waiting"
    done: int = 0
    total: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    error: ItemError | None = None
    result: object = None
    hidden: tuple[str, str] = ("", "")
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("done", "failed", "cancelled")

    def out(self) -> JobOut:
        """Return what a client sees."""
        return JobOut(
            id=self.id,
            kind=self.kind,
            collection=self.collection,
            source=self.source,
            state=self.state,
            done=self.done,
            total=self.total,
            counts=dict(self.counts),
            warnings=list(self.warnings),
            error=self.error,
        )

    def update(self, progress: Progress) -> None:
        """Take note of an indexer's progress; stops the run when the job was cancelled."""
        self.counts = asdict(progress.tally)
        self.advance(progress.done, progress.total)

    def advance(self, done: int, total: int) -> None:
        """Take note of progress.

        Raises:
            CancelledError: The job was cancelled.
        """
        self.done, self.total = done, total
        if self.stop.is_set():
            raise CancelledError("cancelled")


Work: TypeAlias = Callable[[Job], None]


class Jobs:
    """The jobs of one service: one runs at a time, the others wait. Thread-safe."""

    def __init__(self, queue_size: int) -> None:
        self._queue_size = queue_size
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="job")

    def start(
        self,
        kind: JobKind,
        collection: Collection,
        work: Work,
        *,
        source: str = "",
        hidden: tuple[str, str] = ("", ""),
    ) -> Job:
        """Queue a job.

        Args:
            kind: What it does.
            collection: In which one.
            work: Does it, telling the job of progress; its errors become the job's.
            source: What it indexes, for clients.
            hidden: Text that error messages must not show, and what they show instead.

        Raises:
            ServiceError: 503, too many wait.
        """
        with self._lock:
            waiting = sum(not job.ended for job in self._jobs.values())
            if waiting >= self._queue_size:
                raise ServiceError(503, "overloaded", f"{waiting} jobs wait already")
            ended = [job for job in self._jobs.values() if job.ended]
            for old in ended[:-_KEPT_JOBS]:
                del self._jobs[old.id]
            for old in [job for job in ended if job.result is not None][: 1 - _KEPT_RESULTS]:
                old.result = None
            job = Job(secrets.token_hex(8), kind, collection.path.name, source, hidden=hidden)
            self._jobs[job.id] = job
        self._thread.submit(_run, job, work)
        return job

    def forget(self, collection: str) -> None:
        """Cancel and forget the jobs of a collection that was removed.

        Another one of the same name has none of them.
        """
        with self._lock:
            for job in [one for one in self._jobs.values() if one.collection == collection]:
                job.stop.set()
                del self._jobs[job.id]

    def get(self, collection: Collection, job_id: str) -> Job:
        """Return a job of a collection.

        Raises:
            ServiceError: 404, there is none.
        """
        job = self._jobs.get(job_id)
        if job is None or job.collection != collection.path.name:
            raise ServiceError(404, "not-found", f"there is no job {job_id!r}")
        return job

    def result(self, collection: Collection, job_id: str, kind: JobKind) -> object:
        """Return what a job has found.

        Raises:
            ServiceError: 404, there is no such job; 409, it has not found anything (yet); 410, it
                is not kept any more.
        """
        job = self.get(collection, job_id)
        if job.kind != kind:
            raise ServiceError(404, "not-found", f"the job {job_id!r} is not one of {kind}")
        if job.state != "done":
            raise ServiceError(
                409, "not-done", f"the job is {job.state}; its result comes with done"
            )
        if job.result is None:
            detail = f"the results of the last {_KEPT_RESULTS} jobs are kept; start another one"
            raise ServiceError(410, "gone", detail)
        return job.result

    def close(self) -> None:
        """Cancel everything; what is committed stays."""
        with self._lock:
            for job in self._jobs.values():
                job.stop.set()
        self._thread.shutdown(wait=True, cancel_futures=True)


def _run(job: Job, work: Work) -> None:
    if job.stop.is_set():
        job.state = "cancelled"
        return
    job.state = "running"
    try:
        work(job)
        job.state = "done"
    except CancelledError:
        job.state = "cancelled"
    except BinocleError as error:
        shown = str(error).replace(*job.hidden) if job.hidden[0] else str(error)
        told = shown if status_of(error) < 500 else "the collection cannot be written"
        job.error = ItemError(code=error.code, detail=told)
        job.state = "failed"
    except Exception:
        _log.exception("the job %s of the collection %s failed", job.id, job.collection)
        job.error = ItemError(code="internal", detail="see the service's log")
        job.state = "failed"
