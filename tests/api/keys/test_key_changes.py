"""What was done to the keys is written down before it is done."""

import getpass
import json
import resource
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli.main import cli
from api.keys.key_ring import KeyRing
from binocle.errors import StorageError
from tests.support.service import Serve


def lines(home: Path) -> list[dict[str, object]]:
    text = (home / "key-changes.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_changes_through_both_doors_are_told_with_who_made_them(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve()
    home = service.home
    monkeypatch.setenv("BINOCLE_HOME", str(home))
    run = CliRunner()
    secret = run.invoke(cli, ["keys", "add", "boss", "--scope", "admin"]).output.strip()
    http = service.http(secret)
    made = {"name": "web", "scope": "read", "collections": ["c"], "requests_per_minute": 60}
    new = http.post("/v1/keys", json=made).json()["key"]
    http.post("/v1/keys/web/rotate", json={"grace_s": 60})
    http.delete("/v1/keys/web")
    run.invoke(cli, ["keys", "revoke", "boss"])
    me = getpass.getuser()
    told = [
        (one["action"], one["key"], one.get("by_user"), one.get("by_key")) for one in lines(home)
    ]
    assert told == [
        ("add", "boss", me, None), ("add", "web", None, "boss"), ("rotate", "web", None, "boss"),
        ("revoke", "web", None, "boss"), ("revoke", "boss", me, None),
    ]  # fmt: skip
    assert (lines(home)[1]["scope"], lines(home)[1]["collections"]) == ("read", ["c"])
    text = (home / "key-changes.jsonl").read_text()
    assert secret not in text
    assert new not in text
    assert (home / "key-changes.jsonl").stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_written_down_is_not_done(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys.json")
    ring.add("boss", "admin", None)
    (tmp_path / "key-changes.jsonl").unlink()
    (tmp_path / "key-changes.jsonl").mkdir()
    with pytest.raises(StorageError, match=r"cannot write .*key-changes\.jsonl"):
        ring.add("web", "read", None)
    assert [key.name for key in KeyRing(tmp_path / "keys.json").all()] == ["boss"]


def test_a_disk_that_is_full_in_the_middle_of_a_line_costs_that_change_alone(
    tmp_path: Path,
) -> None:
    ring = KeyRing(tmp_path / "keys.json")
    ring.add("boss", "admin", None)
    size = (tmp_path / "key-changes.jsonl").stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, before[1]))
    try:
        with pytest.raises(StorageError, match="cannot write"):
            ring.revoke("boss")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [key.name for key in ring.all()] == ["boss"]
    ring.revoke("boss")
    text = (tmp_path / "key-changes.jsonl").read_text().splitlines()
    assert [json.loads(text[place])["action"] for place in (0, -1)] == ["add", "revoke"]
