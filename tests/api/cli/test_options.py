"""Options that several commands share: the names of collections are completed."""

from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from api.cli.main import cli
from api.cli.options import PATH_OR_ADDRESS


@pytest.mark.parametrize(
    ("typed", "names"), [("sh", ["shoes", "shop"]), ("x", []), ("", ["photos", "shoes", "shop"])]
)
def test_collections_are_completed_by_their_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, names: list[str]
) -> None:
    for name in ("shop", "shoes", "photos", ".trash"):
        (tmp_path / "collections" / name).mkdir(parents=True)
    monkeypatch.setenv("BINOCLE_HOME", str(tmp_path))
    found = BashComplete(cli, {}, "binocle", "_").get_completions(["search", "-c"], typed)
    assert [one.value for one in found] == names


def test_nothing_is_completed_where_there_is_no_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINOCLE_HOME", str(tmp_path / "nowhere"))
    assert BashComplete(cli, {}, "binocle", "_").get_completions(["info", "-c"], "") == []


@pytest.mark.parametrize("address", ["s3://bucket/a", "S3://bucket/a", "HTTPS://h.example/a"])
def test_addresses_are_no_paths_however_they_are_written(address: str) -> None:
    assert PATH_OR_ADDRESS.convert(address, None, None) == address
    assert PATH_OR_ADDRESS.convert("c:/a", None, None) == Path("c:/a")
