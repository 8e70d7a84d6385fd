"""Jobs: one at a time, their errors told, their results kept for a while and for nobody else."""

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path

import pytest

from api.http.errors.problems import ServiceError
from api.http.runtime.background.job import Job
from api.http.runtime.background.jobs import Jobs
from api.http.runtime.fair_queue import CALLER
from api.http.schemas.background.jobs import JobKind
from binocle.collection.collection import Collection
from binocle.errors import BinocleError, BusyError, StorageError, UsageError
from binocle_client import Client, picture
from binocle_client.requests import RecordBody
from tests.support.drawings import drawn, encoded
from tests.support.service import Running, Serve, problem_of

_PATIENCE_S = 90.0


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path / "c", create=True) as opened:
        yield opened


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    jobs = Jobs(queue_size=100)
    yield jobs
    jobs.close()


def finding(job: Job) -> None:
    job.result = f"of {job.id}"


def ended(jobs: Jobs, collection: Collection, *several: Job) -> None:
    """Wait until these and all before them of their key have ended."""
    for kind in {job.kind for job in several}:
        done = threading.Event()

        def tell(_: Job, done: threading.Event = done) -> None:
            done.set()

        jobs.start(kind, collection, tell)
        assert done.wait(_PATIENCE_S)
    patience = time.monotonic() + _PATIENCE_S
    while not all(job.ended for job in several):  # keys take turns
        assert time.monotonic() < patience
        time.sleep(0.01)


def test_an_error_that_nobody_foresaw_fails_the_job_and_is_in_the_log(
    jobs: Jobs, collection: Collection, caplog: pytest.LogCaptureFixture
) -> None:
    def work(_: Job) -> None:
        raise KeyError("a secret")

    job = jobs.start("labels", collection, work)
    ended(jobs, collection, job)
    assert job.state == "failed"
    assert job.error is not None
    assert "secret" not in job.error.detail
    [told] = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert job.id in told.getMessage()
    assert told.exc_info is not None


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")
@pytest.mark.parametrize("kind", ["index", "duplicates"])
def test_no_thread_that_may_hold_the_lock_of_python_is_behind_others(
    jobs: Jobs, collection: Collection, kind: JobKind
) -> None:
    found: list[int] = []

    def work(_: Job) -> None:
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    ended(jobs, collection, jobs.start(kind, collection, work))
    assert found == [os.getpriority(os.PRIO_PROCESS, threading.get_native_id())]


def test_the_results_of_the_last_jobs_are_kept(jobs: Jobs, collection: Collection) -> None:
    every = []
    for _ in range(18):
        every.append(jobs.start("duplicates", collection, finding))
        ended(jobs, collection, every[-1])
    for job in every[-16:]:
        assert jobs.result(collection, job.id, "duplicates") == f"of {job.id}"
    for job in every[:2]:
        with pytest.raises(ServiceError, match="16 jobs are kept"):
            jobs.result(collection, job.id, "duplicates")
        assert jobs.get(collection, job.id).state == "done"


def test_jobs_of_a_forgotten_collection_are_cancelled_and_those_of_others_go_on(
    jobs: Jobs, collection: Collection, tmp_path: Path
) -> None:
    begun, may_go_on = threading.Event(), threading.Event()

    def work(job: Job) -> None:
        begun.set()
        assert may_go_on.wait(_PATIENCE_S)
        job.advance(1, 2)
        job.result = "too late"

    with Collection(tmp_path / "other", create=True) as other:
        running = jobs.start("duplicates", collection, work)
        waiting = jobs.start("duplicates", collection, finding)
        kept = jobs.start("duplicates", other, finding)
        assert begun.wait(_PATIENCE_S)
        jobs.forget("c")
        may_go_on.set()
        ended(jobs, other, running, waiting, kept)
        assert [one.state for one in (running, waiting, kept)] == ["cancelled", "cancelled", "done"]
        assert jobs.result(other, kept.id, "duplicates") == f"of {kept.id}"
    with pytest.raises(ServiceError, match="no job"):
        jobs.get(collection, running.id)


def test_a_new_collection_has_no_results_of_a_removed_one_of_its_name(
    service: Running, client: Client, name: str
) -> None:
    assert client.store(name, [RecordBody(id="a", images=[picture(encoded(drawn(1)))])]).failed == 0
    job = client.wait_for_job(name, client.start_duplicates(name).id)
    path = f"/v1/collections/{name}/duplicates/{job.id}"
    http = service.http()
    assert http.get(path).status_code == 200
    assert http.delete(f"/v1/collections/{name}").status_code == 204
    problem_of(http.get(path), 404, "not-found")
    client.put_collection(name)
    for end in ("", "/csv", "/report"):
        problem_of(http.get(path + end), 404, "not-found")


def held(jobs: Jobs, collection: Collection, kind: JobKind) -> threading.Event:
    """Have a lane at work until an event is set."""
    begun, may_end = threading.Event(), threading.Event()

    def work(_: Job) -> None:
        begun.set()
        assert may_end.wait(_PATIENCE_S)

    jobs.start(kind, collection, work)
    assert begun.wait(_PATIENCE_S)
    return may_end


def test_indexing_does_not_wait_behind_labels_of_a_reader(
    jobs: Jobs, collection: Collection
) -> None:
    may_end = held(jobs, collection, "labels")
    waiting = [jobs.start("labels", collection, finding) for _ in range(60)]
    ended(jobs, collection, jobs.start("index", collection, finding))
    assert [job.state for job in waiting] == ["waiting"] * 60
    may_end.set()


def test_keys_take_turns_and_one_has_half_of_the_queue(jobs: Jobs, collection: Collection) -> None:
    order: list[str] = []

    def start(owner: str) -> Job:
        CALLER.set(owner)
        return jobs.start("labels", collection, lambda job: order.append(job.owner))

    def fill() -> list[Job]:
        started = [start("greedy") for _ in range(50)]
        with pytest.raises(ServiceError, match="wait already"):
            start("greedy")
        return [*started, start("modest"), start("modest")]

    may_end = held(jobs, collection, "labels")
    started = copy_context().run(fill)
    may_end.set()
    ended(jobs, collection, *started)
    assert order[:4] == ["greedy", "modest", "greedy", "modest"]
    assert len(order) == 52


def test_cancelled_job_that_waits_ends_at_once_and_makes_room(
    jobs: Jobs, collection: Collection
) -> None:
    may_end = held(jobs, collection, "labels")
    for _ in range(3):
        waiting = [jobs.start("labels", collection, finding) for _ in range(100)]
        for job in waiting:
            jobs.cancel(job)
        assert {job.state for job in waiting} == {"cancelled"}
    may_end.set()


def test_reader_cancels_its_own_jobs_only(serve: Serve) -> None:
    service = serve()
    service.client().put_collection("c")
    readers = [service.http(service.keys.add(f"r{one}", "read", ("c",))) for one in range(2)]
    writer = service.http(service.keys.add("w", "write", None))
    path = "/v1/collections/c/labels/jobs"
    for own in readers:
        answer = own.post(path, json={"labels": ["red", "blue"]})
        assert answer.status_code == 202
        job = f"/v1/collections/c/jobs/{answer.json()['id']}"
        [other] = [one for one in readers if one is not own]
        problem_of(other.delete(job), 403, "key-not-allowed")
        assert own.delete(job).status_code == 202
        assert writer.delete(job).status_code == 202


def test_backup_key_sees_how_far_jobs_are(serve: Serve) -> None:
    service = serve()
    service.client().put_collection("c")
    writer = service.http(service.keys.add("w", "write", None))
    backup = service.http(service.keys.add("b", "backup", ("c",)))
    started = writer.post("/v1/collections/c/duplicates").json()["id"]
    job = f"/v1/collections/c/jobs/{started}"
    assert backup.get(job).status_code == 200
    problem_of(backup.delete(job), 403, "key-not-allowed")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (StorageError("cannot write /srv/secret (No space left)"), "see the service's log"),
        (BusyError("another process writes to BACKUPS"), "another process writes to FOLDER"),
        (UsageError("there is nothing in BACKUPS"), "there is nothing in FOLDER"),
    ],
)
def test_failed_job_tells_what_requests_are_told_and_the_log_all(
    jobs: Jobs,
    collection: Collection,
    caplog: pytest.LogCaptureFixture,
    error: BinocleError,
    told: str,
) -> None:
    def work(_: Job) -> None:
        raise error

    job = jobs.start("backup", collection, work, hidden=("BACKUPS", "FOLDER"))
    ended(jobs, collection, job)
    assert job.error is not None
    assert (job.error.code, job.error.detail) == (error.code, told)
    [logged] = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert job.id in logged.getMessage()
    assert str(error) in logged.getMessage()


def test_job_uses_its_collection_when_it_begins_and_when_it_ends(collection: Collection) -> None:
    used: list[str] = []
    jobs = Jobs(queue_size=100, on_use=used.append)
    before: list[int] = []
    job = jobs.start("labels", collection, lambda _: before.append(len(used)))
    ended(jobs, collection, job)
    jobs.close()
    assert before == [1]
    assert used == ["c"] * 4  # of the one that was waited for, too
