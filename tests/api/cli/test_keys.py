"""Keys by command."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.keys.key_ring import KeyRing
from binocle.errors import BinocleError
from tests.support.shop import run_cli


def run(home: Path, *arguments: str) -> str:
    code, out, err = run_cli(home, "keys", *arguments)
    assert code == 0, err
    return out.strip()


def test_keys_are_made_listed_rotated_and_revoked(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys.json")
    secret = run(tmp_path, "add", "web", "-c", "shop", "--expires", "90d")
    key = ring.find(secret)
    assert key is not None
    assert (key.access, key.collections) == ("read", ("shop",))
    assert key.expires_at is not None
    left = datetime.fromisoformat(key.expires_at) - datetime.now(UTC)
    assert timedelta(days=89) < left <= timedelta(days=90)
    for options, access in ((("--write",), "write"), (("--scope", "backup"), "backup")):
        made = ring.find(run(tmp_path, "add", access, *options))
        assert made is not None
        assert made.access == access
    lines = [line.split("\t") for line in run(tmp_path, "list").splitlines()]
    assert [line[:3] for line in lines] == [
        ["web", "read", "shop"],
        ["write", "write", "all collections"],
        ["backup", "backup", "all collections"],
    ]
    assert [line[4] for line in lines] == ["not used"] * 3
    assert lines[0][5] == f"expires {key.expires_at}"
    assert lines[1][5] == "does not expire"
    run(tmp_path, "add", "hasty", "--requests-per-minute", "600")
    assert run(tmp_path, "list").splitlines()[-1].split("\t")[5:] == [
        "600 requests a minute", "does not expire",
    ]  # fmt: skip
    hasty = run(tmp_path, "rotate", "hasty")
    assert [key.requests_per_minute for key in ring.all() if key == ring.find(hasty)] == [600]
    renewed = run(tmp_path, "rotate", "web", "--grace", "1h")
    assert ring.find(renewed) == ring.find(secret) is not None
    assert run(tmp_path, "revoke", "web") == "revoked web"
    assert ring.find(renewed) is None
    assert ring.find(secret) is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("add", "a\nb"), "cannot name a key"),
        (("add", "a", "--expires", "2020-01-01"), "never open"),
        (("add", "a", "--scope", "admin", "-c", "shop"), "all collections"),
        (("rotate", "a"), "no key named"),
        (("revoke", "a"), "no key named"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    with pytest.raises(BinocleError, match=told):
        run_cli(tmp_path, "keys", *arguments)
    assert KeyRing(tmp_path / "keys.json").all() == ()


@pytest.mark.parametrize(
    "options", [("--expires", "soon"), ("--expires", "9y"), ("--scope", "root")]
)
def test_options_that_mean_nothing_are_wrong_use(tmp_path: Path, options: tuple[str, str]) -> None:
    code, _, error = run_cli(tmp_path, "keys", "add", "a", *options)
    assert code == 2
    assert options[1] in error
