"""One job: what it does, how far it is, and how it ended."""

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from api.http.schemas.background.jobs import JobKind, JobOut, JobState
from api.http.schemas.common import ItemError
from binocle.errors import BinocleError
from indexer.indexer import Progress

_TELL_EVERY_S = 2.0


class CancelledError(BinocleError):
    """The job was cancelled."""

    code = "cancelled"


def now() -> str:
    """Return the time; ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(eq=False)
class Job:
    """Something that runs, and how far it is.

    Attributes:
        owner: Identity of the key that started it; empty where there are no keys.
        result: What it has found, for those kinds that find something; kept for the last few.
        hidden: Text that error messages must not show, and what they show instead.
        stop: Set where it is to end.
        is_interrupted: Whether it is to end because the service does.
        tell: Told of progress now and then.
        is_there: Whether its collection is; another one of that name is not.
    """

    id: str
    kind: JobKind
    collection: str
    source: str
    owner: str = ""
    state: JobState = "waiting"
    done: int = 0
    total: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    error: ItemError | None = None
    created_at: str = field(default_factory=now)
    begun_at: str | None = None
    ended_at: str | None = None
    result: object = None
    hidden: tuple[str, str] = ("", "")
    stop: threading.Event = field(default_factory=threading.Event)
    is_interrupted: bool = False
    tell: Callable[["Job"], None] = lambda _: None
    is_there: Callable[[], bool] = lambda: True
    _told_at: float = 0.0

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
            created_at=self.created_at,
            begun_at=self.begun_at,
            ended_at=self.ended_at,
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
        if time.monotonic() - self._told_at > _TELL_EVERY_S:
            self._told_at = time.monotonic()
            self.tell(self)
        if self.stop.is_set():
            raise CancelledError("cancelled")

    def end(self, state: JobState) -> None:
        """Note how it ended; what the service itself has ended was not cancelled by anybody."""
        if state == "cancelled" and self.is_interrupted:
            state, self.error = "failed", interrupted()
        self.ended_at = now()
        self.state = state


def interrupted() -> ItemError:
    """Return the error of a job that ended with the service."""
    detail = "the service ended before the job did; what it has committed stays, start it again"
    return ItemError(code="interrupted", detail=detail)
