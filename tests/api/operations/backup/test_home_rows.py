"""Aliases, saved searches and webhooks come back with their collections, and change nothing."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from api.container import Container
from api.http.runtime.background.webhooks import Webhooks
from api.operations.backup.backing_up import back_up
from api.operations.backup.home_rows import HomeRows, home_rows
from api.operations.backup.restoring import restore
from api.service_state.sqlite_file import ServiceFile
from api.settings import read_settings


def container_at(home: Path, *collections: str) -> Container:
    container = Container(read_settings(home=home, model="colour"))
    for name in collections:
        container.open_collection(name, create=True).close()
    return container


def secrets_of(home: Path) -> list[str]:
    with closing(ServiceFile(home)) as file:
        return [one.secret for one in Webhooks(file).all()]


@pytest.fixture
def shop(tmp_path: Path) -> Container:
    """Two collections, each with an alias and a saved search, and a webhook."""
    container = container_at(tmp_path / "home", "one", "two")
    (tmp_path / "home" / "keys.json").write_text("{}")
    for name in ("one", "two"):
        container.aliases.put(f"front-{name}", name)
        container.saved_searches.put(name, "cheap", f"q={name}")
        container.saved_searches.put(f"front-{name}", "red", "q=red")
    with closing(ServiceFile(tmp_path / "home")) as file:
        Webhooks(file).add("https://a.example/", events=("job.done",), collections=None, owner="")
    return container


@pytest.mark.parametrize("to", ["backup", "backup.tar.zst"])
def test_they_come_back_and_webhooks_as_keys_do(shop: Container, tmp_path: Path, to: str) -> None:
    back_up(shop, [], tmp_path / to, with_keys=True)
    told: list[str] = []
    there = container_at(tmp_path / "other")
    restore(there, tmp_path / to, ["one"], tell=told.append)
    assert {one.collection for one in there.aliases.all().values()} == {"one"}
    assert [one.search for one in there.saved_searches.of("one")] == ["q=one"]
    assert [one.search for one in there.saved_searches.of("front-one")] == ["q=red"]
    assert secrets_of(tmp_path / "other") == []
    restore(there, tmp_path / to, ["two"], with_keys=True, tell=told.append)
    assert secrets_of(tmp_path / "other") == secrets_of(tmp_path / "home") != []
    assert told == []


def test_what_is_there_stays_and_is_told(shop: Container, tmp_path: Path) -> None:
    back_up(shop, ["one", "two"], tmp_path / "backup")
    assert secrets_of(tmp_path / "home")[0] not in (tmp_path / "backup/manifest.json").read_text()
    there = container_at(tmp_path / "other", "mine", "front-two")
    there.aliases.put("front-one", "mine")
    there.saved_searches.put("one", "Cheap", "q=mine")
    told: list[str] = []
    restore(there, tmp_path / "backup", [], tell=told.append)
    assert there.aliases.all()["front-one"].collection == "mine"
    assert [one.search for one in there.saved_searches.of("one")] == ["q=mine"]
    assert "'front-one' stands for 'mine' and stays" in told[0]
    assert any("'front-two' of 'two' is not put back" in one for one in told)
    assert any("saved searches of 'one' are there already and stay: 1" in one for one in told)
    restore(there, tmp_path / "backup", ["two"], new_name="again", tell=told.append)
    assert [one.search for one in there.saved_searches.of("again")] == ["q=two"]
    assert there.aliases.of("again") == []


def test_backup_of_one_collection_keeps_what_is_there_of_others(
    shop: Container, tmp_path: Path
) -> None:
    back_up(shop, [], tmp_path / "backup", with_keys=True)
    shop.aliases.remove("front-one")
    shop.aliases.remove("front-two")
    shop.saved_searches.remove("one", "cheap")
    back_up(shop, ["one"], tmp_path / "backup")
    rows = HomeRows(
        **{
            kind: tuple(some)
            for kind, some in json.loads(
                json.loads((tmp_path / "backup/manifest.json").read_text())["backup"]
            )["home"].items()
        }
    )
    assert [one["name"] for one in rows.aliases] == ["front-two"]
    assert [one["collection"] for one in rows.searches if one["name"] == "cheap"] == ["two"]
    assert len(rows.webhooks) == 1
    assert home_rows(shop, ["one"], webhooks=False).aliases == ()


def test_rows_that_lack_a_member_are_refused() -> None:
    with pytest.raises(ValueError, match="lacks a member"):
        HomeRows(aliases=({"name": "x"},))
