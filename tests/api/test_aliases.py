"""Aliases: one file, seen by all processes, and no name that means two things."""

import json
import threading
from pathlib import Path

import pytest

from api.aliases import AliasError, Aliases
from api.container import Container
from api.operations.removal import remove_collection
from api.settings import read_settings
from binocle.errors import NotFoundError, StorageError, UsageError
from tests.support.shop import run_cli


@pytest.fixture
def container(tmp_path: Path) -> Container:
    """A home with two collections."""
    container = Container(read_settings(home=tmp_path, model="colour"))
    for name in ("one", "two"):
        container.open_collection(name, create=True).close()
    return container


def test_switch_is_seen_by_who_has_read_the_aliases_before(container: Container) -> None:
    reader = Aliases(container.settings.home)
    assert reader.resolve("shop") == "shop"
    container.aliases.put("shop", "one")
    assert reader.resolve("shop") == "one"
    assert container.aliases.put("shop", "two").before == ("one",)
    assert reader.resolve("shop") == "two"
    assert (reader.of("one"), reader.of("two")) == ([], ["shop"])
    container.aliases.remove("shop")
    assert reader.resolve("shop") == "shop"


def test_names_mean_one_thing(container: Container) -> None:
    aliases = container.aliases
    with pytest.raises(AliasError, match="there is a collection 'one'"):
        aliases.put("one", "two")
    aliases.put("shop", "one")
    with pytest.raises(AliasError, match="'shop' is an alias itself; name"):
        aliases.put("other", "shop")
    (container.settings.home / "collections" / "shop").mkdir()
    with pytest.raises(AliasError, match="a collection and an alias of 'one'"):
        container.open_collection("shop")


def test_collection_of_an_alias_is_neither_removed_nor_removed_by_it(container: Container) -> None:
    container.aliases.put("shop", "one")
    with pytest.raises(AliasError, match="'shop' stands for 'one'; switch"):
        remove_collection(container, "one")
    with pytest.raises(AliasError, match="is an alias of 'one'"):
        remove_collection(container, "shop")
    assert container.collection_names() == ["one", "two"]
    container.aliases.put("shop", "two")
    remove_collection(container, "one")
    assert container.collection_names() == ["two"]


def test_switch_waits_for_a_removal_and_then_finds_nothing(container: Container) -> None:
    switched = threading.Event()

    def switch() -> None:
        Aliases(container.settings.home).put("shop", "two")
        switched.set()

    with container.aliases.removing("one"):
        thread = threading.Thread(target=switch)
        thread.start()
        assert not switched.wait(0.2)
    thread.join()
    assert container.aliases.resolve("shop") == "two"


def test_damaged_aliases_cost_collections_nothing(container: Container) -> None:
    container.aliases.put("shop", "one")
    (container.settings.home / "aliases.json").write_text("{")
    assert container.aliases.resolve("two") == "two"
    container.open_collection("one").close()
    with pytest.raises(StorageError, match=r"aliases\.json cannot be read"):
        container.open_collection("shop")
    with pytest.raises(StorageError):  # an alias may stand for it
        remove_collection(container, "one")
    assert container.aliases.resolved(["one", "shop", "two"]) == {"one": "one", "two": "two"}


def test_only_what_is_expected_is_switched(container: Container) -> None:
    with pytest.raises(AliasError, match="'shop' is not there"):
        container.aliases.put("shop", "two", expected="one")
    container.aliases.put("shop", "one", expected=None)
    with pytest.raises(AliasError, match="stands for 'one', not for 'two'; nothing was switched"):
        container.aliases.put("shop", "two", expected="two")
    assert container.aliases.put("shop", "two", expected="one").collection == "two"


def test_alias_of_nothing_says_so_and_makes_no_collection(container: Container) -> None:
    container.aliases.put("shop", "three")
    for create in (False, True):
        with pytest.raises(NotFoundError, match="'shop' stands for 'three', which is not there"):
            container.open_collection("shop", create=create)
    assert container.collection_names() == ["one", "two"]


@pytest.mark.parametrize(
    ("text", "why"), [("{", "Expecting"), ('{"format": 9, "aliases": []}', "newer Binocle")]
)
def test_damaged_file_is_named(container: Container, text: str, why: str) -> None:
    (container.settings.home / "aliases.json").write_text(text)
    with pytest.raises(StorageError, match=why):
        container.aliases.resolve("shop")


def test_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError, match=r"cannot write .*file/home/aliases\.json"):
        Aliases(tmp_path / "file" / "home").put("shop", "one")


def test_command_line_takes_aliases_for_collections(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("a red bag\n")
    home = tmp_path / "home"
    assert run_cli(home, "index", tmp_path / "t.txt", "-c", "one")[0] == 0
    with pytest.raises(NotFoundError, match="no collection 'nothing'"):
        run_cli(home, "aliases", "set", "shop", "nothing")
    code, out, _ = run_cli(home, "aliases", "set", "shop", "one")
    assert (code, out) == (0, "shop stands for one\n")
    code, out, err = run_cli(home, "search", "red", "-c", "shop", "--json")
    assert code == 0, err
    assert len(json.loads(out)["hits"]) == 1
    (tmp_path / "more.txt").write_text("a blue bag\n")
    assert run_cli(home, "index", tmp_path / "more.txt", "-c", "shop")[0] == 0
    listed = json.loads(run_cli(home, "aliases", "list", "--json")[1])["aliases"]
    assert [(one["name"], one["collection"]) for one in listed] == [("shop", "one")]
    with pytest.raises(AliasError, match="the alias 'shop' stands for 'one'"):
        run_cli(home, "remove", "--all", "--yes", "-c", "one")
    assert run_cli(home, "aliases", "remove", "shop")[0] == 0
    assert json.loads(run_cli(home, "info", "-c", "one", "--json")[1])["records"] == 2
    with pytest.raises(UsageError, match="cannot name a collection"):
        run_cli(home, "aliases", "set", "../x", "one")
