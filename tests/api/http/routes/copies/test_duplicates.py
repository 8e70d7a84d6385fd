"""Duplicates over HTTP: found by a job, read by the page."""

import csv
import io
import json

import pytest

from binocle_client import Client, ClientError
from tests.support.drawn_folder import run
from tests.support.service import Running, Serve, problem_of


def test_duplicates_over_http_are_those_of_the_command(
    service: Running, client: Client, doubled: str, capsys: pytest.CaptureFixture[str]
) -> None:
    job = client.wait_for_job(doubled, client.start_duplicates(doubled).id)
    assert (job.kind, job.state, job.counts) == (
        "duplicates",
        "done",
        {"clusters": 2, "copies": 3, "unreadable": 0, "crowded": 0},
    )
    assert job.done == job.total > 0
    found = client.duplicates(doubled, job.id)
    assert (found.total, found.pictures, found.unprepared, found.unreadable) == (2, 7, 0, 0)
    capsys.readouterr()
    assert run("duplicates", "--home", service.home, "-c", doubled, "--json") == 0
    by_command = json.loads(capsys.readouterr().out)["clusters"]
    assert [
        [(one.id, one.verdict, one.confidence) for one in (cluster.keep, *cluster.others)]
        for cluster in found.clusters
    ] == [
        [(one["record_id"], one["verdict"], one["confidence"])
         for one in (cluster["keep"], *cluster["others"])]
        for cluster in by_command
    ]  # fmt: skip
    assert service.http().get(found.clusters[0].keep.thumbnail).status_code == 200
    assert client.collection(doubled).parts["image"] == 7


def test_duplicates_are_read_by_the_page_as_a_table_and_as_a_report(
    client: Client, doubled: str
) -> None:
    job = client.wait_for_job(doubled, client.start_duplicates(doubled).id)
    whole = client.duplicates(doubled, job.id).clusters
    paged = [client.duplicates(doubled, job.id, first=n, limit=1).clusters for n in range(3)]
    assert paged == [whole[:1], whole[1:], []]
    rows = list(csv.DictReader(io.StringIO(client.duplicates_csv(doubled, job.id))))
    assert [one["keep"] for one in rows] == ["yes", "no", "no", "yes", "no"]
    assert not any(one["uri"].startswith("/") for one in rows)
    page = client.duplicates_report(doubled, job.id)
    assert page.count(b"data:image/webp;base64,") == 5


def test_result_of_a_job_that_is_not_done_or_another_kind_is_refused(
    service: Running, client: Client, doubled: str
) -> None:
    http = service.http()
    base = f"/v1/collections/{doubled}"
    jobs = [client.start_duplicates(doubled) for _ in range(3)]
    problem_of(http.get(f"{base}/duplicates/{jobs[-1].id}"), 409, "not-done")
    client.cancel_job(doubled, jobs[-1].id)
    assert client.wait_for_job(doubled, jobs[-1].id).state == "cancelled"
    problem_of(http.get(f"{base}/duplicates/{jobs[-1].id}/csv"), 409, "not-done")
    problem_of(http.get(f"{base}/duplicates/nothing"), 404, "not-found")
    client.wait_for_job(doubled, jobs[0].id)
    problem_of(http.get(f"{base}/labels/jobs/{jobs[0].id}"), 404, "not-found")


def test_finding_duplicates_takes_a_key_that_may_write(serve: Serve) -> None:
    service = serve()
    reader, writer = (
        service.keys.add("reader", "read", None),
        service.keys.add("writer", "write", None),
    )
    service.client(writer).put_collection("c")
    with pytest.raises(ClientError, match="may not write"):
        service.client(reader).start_duplicates("c")
    job = service.client(writer).start_duplicates("c")
    service.client(writer).wait_for_job("c", job.id)
    assert service.client(reader).duplicates("c", job.id).clusters == []
