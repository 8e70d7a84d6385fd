"""Snapshots: made by a job, downloaded whole and unharmed, and put back by the command line."""

import hashlib
import json
from base64 import b64decode
from pathlib import Path

import pytest

from api.operations.backup.restoring import check_backup
from binocle_client import Client, ClientError, picture
from binocle_client.requests import RecordBody
from tests.support import picture_bytes
from tests.support.service import Running, Serve, problem_of, running
from tests.support.shop import run_cli


def fill(client: Client, count: int = 3) -> None:
    client.put_collection("c")
    records = [
        RecordBody(id=f"r{number}", images=[picture(picture_bytes(number))], metadata={"n": number})
        for number in range(count)
    ]
    assert client.store("c", records).failed == 0


def made(client: Client, name: str = "c") -> str:
    job = client.wait_for_job(name, client.start_snapshot(name).id)
    assert (job.state, job.kind, job.warnings) == ("done", "snapshot", [])
    return job.id


@pytest.fixture
def service(serve: Serve) -> Running:
    service = serve()
    fill(service.client())
    return service


def test_snapshot_is_downloaded_with_its_digest_and_restored(
    service: Running, tmp_path: Path
) -> None:
    client, http = service.client(), service.http()
    client.put_alias("front", "c")
    job = made(client, "front")
    file = tmp_path / "c.tar.zst"
    sha256 = client.save_snapshot("front", job, file)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == sha256
    answer = http.get(f"/v1/collections/c/snapshots/{job}", headers={"Range": "bytes=0-3"})
    assert (answer.status_code, answer.content) == (206, b"\x28\xb5\x2f\xfd")
    assert answer.headers["etag"] == f'"{sha256}"'
    digest = answer.headers["repr-digest"].removeprefix("sha-256=:").removesuffix(":")
    assert b64decode(digest).hex() == sha256
    assert "content-encoding" not in answer.headers
    assert client.job("c", job).counts["bytes"] == file.stat().st_size
    assert check_backup(file)[1] == []
    code, _, err = run_cli(tmp_path / "new", "restore", file, "c", "--as", "back")
    assert code == 0, err
    told = json.loads(run_cli(tmp_path / "new", "info", "-c", "back", "--json")[1])
    assert (told["records"], told["parts"]["image"]) == (3, 3)


def test_the_last_snapshot_is_kept_over_a_restart_and_goes_with_its_collection(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    with running(home) as service:
        client = service.client()
        fill(client)
        first, last = made(client), made(client)
        with pytest.raises(ClientError, match="last snapshot") as caught:
            client.save_snapshot("c", first, tmp_path / "x")
        assert caught.value.code == "gone"
    with running(home) as service:
        client = service.client()
        client.save_snapshot("c", last, tmp_path / "x")
        client.delete_collection("c")
        assert not (home / "snapshots" / "c").exists()
        fill(client)
        with pytest.raises(ClientError, match="no job"):
            client.save_snapshot("c", last, tmp_path / "x")
        again = made(client)
        client.remove_snapshot("c", again)
        with pytest.raises(ClientError, match="make another"):
            client.save_snapshot("c", again, tmp_path / "x")


def test_removing_at_the_command_line_leaves_nothing_to_another_collection_of_the_name(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    with running(home) as service:
        client = service.client()
        fill(client)
        job = made(client)
        assert run_cli(home, "remove", "--all", "--yes", "-c", "c")[0] == 0
        assert not (home / "snapshots" / "c").exists()
        fill(client)
        assert [one.id for one in client.jobs().jobs] == []
        with pytest.raises(ClientError, match="no job"):
            client.job("c", job)
        with pytest.raises(ClientError, match="no job"):
            client.save_snapshot("c", job, tmp_path / "x")
    with running(home) as service:
        assert service.client().jobs().jobs == []


def test_snapshot_takes_a_key_that_may_back_up_and_read(service: Running) -> None:
    job = made(service.client())
    paths = ("/v1/collections/c/snapshots", f"/v1/collections/c/snapshots/{job}")
    for scope in ("read", "write", "backup"):
        http = service.http(service.keys.add(scope, scope, None))
        for method, path in (("POST", paths[0]), ("GET", paths[1]), ("DELETE", paths[1])):
            problem_of(http.request(method, path), 403, "key-not-allowed")
    admin = service.http(service.keys.add("boss", "admin", None))
    assert admin.get(paths[1]).status_code == 200


def test_download_that_was_cut_or_is_of_another_job_is_noticed(
    service: Running, tmp_path: Path
) -> None:
    client, http = service.client(), service.http()
    job = made(client)
    other = client.wait_for_job("c", client.start_duplicates("c").id).id
    problem_of(http.get(f"/v1/collections/c/snapshots/{other}"), 404, "not-found")
    problem_of(http.get("/v1/collections/c/snapshots/..%2Fx"), 404, "no-such-path")
    [archive] = (service.home / "snapshots" / "c").glob("*.tar.zst")
    archive.write_bytes(archive.read_bytes()[:-1])
    with pytest.raises(ClientError, match="not what was sent") as caught:
        client.save_snapshot("c", job, tmp_path / "x")
    assert caught.value.code == "damaged"
