"""A job: what it tells, when, and how it ends."""

import pytest

from api.http.runtime.background.job import CancelledError, Job, now


def test_progress_is_told_now_and_then_and_not_each_time() -> None:
    told: list[int] = []
    job = Job("j", "index", "c", "photos", tell=lambda one: told.append(one.done))
    for done in range(50):
        job.advance(done, 50)
    assert told == [0]
    assert (job.out().done, job.out().total) == (49, 50)


def test_job_that_was_cancelled_stops_at_its_next_step() -> None:
    job = Job("j", "index", "c", "photos")
    job.stop.set()
    with pytest.raises(CancelledError):
        job.advance(1, 2)
    job.end("cancelled")
    assert (job.out().state, job.out().error) == ("cancelled", None)
    assert job.created_at <= (job.ended_at or "") <= now()


def test_job_that_the_service_ends_says_so() -> None:
    job = Job("j", "index", "c", "photos", is_interrupted=True)
    job.end("cancelled")
    told = job.out()
    assert (told.state, told.error and told.error.code) == ("failed", "interrupted")
    done = Job("j", "index", "c", "photos", is_interrupted=True)
    done.end("done")  # it was faster
    assert (done.out().state, done.out().error) == ("done", None)
