"""Backups as jobs, by a key that may do nothing else."""

from pathlib import Path

import pytest

from api.operations.backup.restoring import check_backup
from binocle_client import Client, ClientError, picture
from binocle_client.requests import RecordBody
from tests.support import picture_bytes
from tests.support.service import Running, Serve


def filled(service: Running) -> str:
    """Make a collection of one record; return a key that may make backups."""
    client = service.client()
    client.put_collection("c")
    client.store("c", [RecordBody(id="a", images=[picture(picture_bytes(1))])])
    return service.keys.add("nightly", "backup", None)


def test_key_for_backups_makes_one_and_reads_nothing(serve: Serve, tmp_path: Path) -> None:
    to = tmp_path / "backups"
    service = serve(backups=to)
    with Client(service.url, api_key=filled(service)) as client:
        job = client.wait_for_job("c", client.start_backup("c").id)
        assert (job.state, job.kind, job.counts["files"]) == ("done", "backup", 2)
        again = client.wait_for_job("c", client.start_backup("c").id)
        assert again.counts["copied"] == 0
        with pytest.raises(ClientError, match="may not read"):
            client.record("c", "a")
    manifest, wrong = check_backup(to)
    assert (list(manifest.collections), wrong) == (["c"], [])


def test_backup_needs_a_folder_that_the_operator_names(serve: Serve) -> None:
    service = serve()
    with Client(service.url, api_key=filled(service)) as client:
        with pytest.raises(ClientError, match="BINOCLE_BACKUPS") as caught:
            client.start_backup("c")
        assert (caught.value.status, caught.value.code) == (403, "backup-not-allowed")


def test_key_that_reads_makes_no_backup(serve: Serve, tmp_path: Path) -> None:
    service = serve(backups=tmp_path / "backups")
    filled(service)
    secret = service.keys.add("reader", "read", None)
    with Client(service.url, secret) as client, pytest.raises(ClientError, match="make backups"):
        client.start_backup("c")
    assert not (tmp_path / "backups").exists()


def test_folder_of_backups_is_not_told_where_it_fails(serve: Serve, tmp_path: Path) -> None:
    to = tmp_path / "not a folder"
    to.write_text("x")
    service = serve(backups=to)
    with Client(service.url, api_key=filled(service)) as client:
        job = client.wait_for_job("c", client.start_backup("c").id)
    assert job.state == "failed"
    assert job.error is not None
    assert str(tmp_path) not in job.error.detail
