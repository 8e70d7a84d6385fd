"""Jobs outlive the service: how they ended, and what the last ones have found."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.http.errors.problems import ServiceError
from api.http.runtime.background.job import Job
from api.http.runtime.background.job_store import JobFilter, JobStore
from api.http.runtime.background.jobs import Jobs
from api.http.schemas.background.jobs import JobKind, JobOut
from api.service_state.state import ServiceState
from binocle.collection.collection import Collection
from binocle.types import Part, StoredPicture
from search.copies.clusters import Cluster, Member
from search.copies.duplicates import Duplicates
from tests.api.http.runtime.background.conftest import OpenState, let_go

_PATIENCE_S = 90.0
_MEMBER = Member(
    "a", Part(1, "image", "image", "a.jpg", None, StoredPicture(4, 3, "0" * 64)), 4, 3, 12,
    "near-duplicate", 0.5, "has a border",
)  # fmt: skip
_FOUND = Duplicates((Cluster(_MEMBER, (_MEMBER,)),), 2, 1, 0)


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path / "collections" / "c", create=True) as opened:
        yield opened


class Home:
    """Services that come and go over one home."""

    def __init__(self, home: Path, open_state: OpenState) -> None:
        self.home, self.open_state = home, open_state
        self.told: list[JobOut] = []
        self.opened: list[ServiceState] = []

    def jobs(self) -> Jobs:
        file = self.open_state(self.home)
        self.opened.append(file)
        jobs = Jobs(100, store=JobStore(file, lambda _, job: self.told.append(job)))
        jobs.begin()
        return jobs

    def close(self, jobs: Jobs) -> None:
        jobs.close()
        self.opened.pop().close()


@pytest.fixture
def home(tmp_path: Path, open_state: OpenState) -> Home:
    return Home(tmp_path, open_state)


def ended(jobs: Jobs, collection: Collection, kind: JobKind, result: object = None) -> Job:
    done = threading.Event()

    def work(job: Job) -> None:
        job.result, job.counts = result, {"copies": 1}

    job = jobs.start(kind, collection, work)
    jobs.start(kind, collection, lambda _: done.set())
    assert done.wait(_PATIENCE_S)
    return job


def test_ended_job_and_what_it_has_found_are_there_after_a_restart(
    home: Home, collection: Collection
) -> None:
    jobs = home.jobs()
    job = ended(jobs, collection, "duplicates", _FOUND)
    home.close(jobs)
    jobs = home.jobs()
    kept = jobs.get(collection, job.id)
    assert kept.out() == job.out()
    assert (kept.state, kept.counts) == ("done", {"copies": 1})
    assert kept.created_at <= (kept.begun_at or "") <= (kept.ended_at or "")
    found = jobs.result(collection, job.id, "duplicates")
    assert found == _FOUND
    assert isinstance(found, Duplicates)
    assert found.clusters[0].keep.part.picture == _MEMBER.part.picture
    home.close(jobs)


def test_results_of_the_last_sixteen_are_kept_over_restarts(
    home: Home, collection: Collection
) -> None:
    jobs = home.jobs()
    every = [ended(jobs, collection, "duplicates", _FOUND) for _ in range(17)]
    home.close(jobs)
    jobs = home.jobs()
    assert jobs.result(collection, every[1].id, "duplicates") == _FOUND
    with pytest.raises(ServiceError, match="16 jobs are kept"):
        jobs.result(collection, every[0].id, "duplicates")
    home.close(jobs)


def test_job_of_a_service_that_was_killed_has_failed_and_is_told_of_once(
    home: Home, collection: Collection
) -> None:
    killed = home.jobs()
    file = home.opened[0]
    begun, may_end = threading.Event(), threading.Event()

    def work(_: Job) -> None:
        begun.set()
        assert may_end.wait(_PATIENCE_S)

    running = killed.start("index", collection, work)
    waiting = killed.start("index", collection, work)
    assert begun.wait(_PATIENCE_S)
    alive = home.jobs()
    assert alive.get(collection, running.id).state == "running"  # it lives still
    let_go(file)
    later = home.jobs()
    for job in (running, waiting):
        kept = later.get(collection, job.id)
        assert (kept.state, kept.error and kept.error.code) == ("failed", "interrupted")
    assert [one.id for one in home.told] == [running.id, waiting.id]
    may_end.set()
    for jobs in (later, alive, killed):
        home.close(jobs)


def test_job_that_a_closing_service_ends_was_not_cancelled_by_anybody(
    home: Home, collection: Collection
) -> None:
    jobs = home.jobs()
    begun = threading.Event()

    def work(job: Job) -> None:
        begun.set()
        while True:
            job.advance(1, 2)

    running, waiting = (jobs.start("index", collection, work) for _ in range(2))
    cancelled = jobs.start("index", collection, work)
    jobs.cancel(cancelled)
    assert begun.wait(_PATIENCE_S)
    home.close(jobs)
    codes = [one.error.code if one.error else None for one in (running, waiting, cancelled)]
    assert codes == ["interrupted", "interrupted", None]
    assert [one.state for one in (running, waiting, cancelled)] == ["failed", "failed", "cancelled"]


def test_job_of_another_service_is_cancelled_when_it_looks(
    home: Home, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.http.runtime.background.job._TELL_EVERY_S", 0.0)
    jobs, other = home.jobs(), home.jobs()
    begun, ends = threading.Event(), threading.Event()

    def work(job: Job) -> None:
        begun.set()
        try:
            while True:
                job.advance(1, 2)
        finally:
            ends.set()

    job = jobs.start("labels", collection, work)
    assert begun.wait(_PATIENCE_S)
    other.cancel(other.get(collection, job.id))
    assert ends.wait(_PATIENCE_S)
    for one in (other, jobs):
        home.close(one)
    assert job.state == "cancelled"


def test_listing_filters_and_pages_from_the_latest(
    home: Home, collection: Collection, tmp_path: Path
) -> None:
    jobs = home.jobs()
    with Collection(tmp_path / "collections" / "other", create=True) as other:
        made = [ended(jobs, collection, "labels") for _ in range(3)]
        ended(jobs, other, "backup")
    every, _ = jobs.listed(JobFilter(), 50)
    assert len(every) == 8
    own, _ = jobs.listed(JobFilter(["c"], states=("done",)), 50)
    assert {one.id for one in made} < {one.id for one in own}
    assert [one.collection for one in jobs.listed(JobFilter(kinds=("backup",)), 50)[0]] == [
        "other"
    ] * 2
    assert jobs.listed(JobFilter([]), 50) == ([], None)
    seen, before = [], None
    while True:
        page, before = jobs.listed(JobFilter(["c"], before=before), 4)
        seen += page
        if before is None:
            break
    assert seen == jobs.listed(JobFilter(["c"]), 50)[0]
    assert len(seen) == 6
    home.close(jobs)


def test_job_of_a_source_whose_name_is_no_unicode_runs_and_is_not_kept(
    home: Home, collection: Collection, caplog: pytest.LogCaptureFixture
) -> None:
    jobs, done = home.jobs(), threading.Event()
    job = jobs.start("index", collection, lambda _: done.set(), source="\udcff.csv")
    assert done.wait(_PATIENCE_S)
    home.close(jobs)
    assert job.state == "done"
    assert "jobs are not kept" in caplog.text


def test_jobs_run_where_nothing_can_be_kept(
    nowhere: OpenState, collection: Collection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = Home(tmp_path, nowhere)
    jobs = home.jobs()
    job = ended(jobs, collection, "duplicates", _FOUND)
    assert jobs.result(collection, job.id, "duplicates") == _FOUND
    found, before = jobs.listed(JobFilter(["c"], kinds=("duplicates",)), 1)
    assert (len(found), before is None) == (1, False)
    assert jobs.listed(JobFilter(["c"], before=before), 1)[0] == [job]
    assert "jobs are not kept" in caplog.text
    home.close(jobs)
