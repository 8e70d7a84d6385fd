"""What was backed up comes back as it was, on another machine, and nothing half."""

from pathlib import Path

import pytest

from api.operations.backup.backing_up import back_up
from api.operations.backup.restoring import restore
from api.operations.hash_lists.kept_lists import add_list, listed_in_file, lists_of
from binocle.catalog.location import is_in_postgresql
from binocle.collection.collection import Collection
from binocle.collection.lineage import MARK
from binocle.errors import NotFoundError, StorageError, UsageError
from binocle.vectors.location import is_in_engine
from tests.support.postgres_server import PostgresServer
from tests.support.service import running
from tests.support.shop import run_cli
from tests.support.sound_collection import NAME, answers, bodies, opened


@pytest.mark.parametrize("to", ["backup", "backup.tar.zst"])
@pytest.mark.parametrize("options", [(), ("--indices", "--keys")])
def test_restored_collection_gives_equal_answers(
    home: Path, tmp_path: Path, to: str, options: tuple[str, ...]
) -> None:
    code, secret, err = run_cli(home, "keys", "add", "me")
    assert code == 0, err
    key = secret.strip()
    code, _, err = run_cli(home, "backup", NAME, tmp_path / to, *options)
    assert code == 0, err
    other = tmp_path / "other"
    code, out, err = run_cli(other, "restore", tmp_path / to, *options[1:])
    assert (code, err) == (0, "")
    assert "restored goods" in out
    assert (other / "keys.json").exists() == bool(options)
    if not options:
        (home / "keys.json").rename(tmp_path / "keys.json")
    ids = [f"g{number}" for number in range(12)]
    with running(home) as here, running(other) as there:
        expected = answers(here.client(key), here.http(key), ids)
        assert answers(there.client(key), there.http(key), ids) == expected
        if not options:
            there.client().store(NAME, bodies(20, 1))  # what is restored goes on


def test_nothing_is_written_over(home: Path, tmp_path: Path) -> None:
    back_up(opened(home), [NAME], tmp_path / "backup")
    with pytest.raises(UsageError, match="already"):
        restore(opened(home), tmp_path / "backup", [])
    restored = restore(opened(home), tmp_path / "backup", [NAME], new_name="again")
    assert [one.name for one in restored] == ["again"]
    assert opened(home).collection_names() == ["again", NAME]
    with pytest.raises(NotFoundError, match="goods"):
        restore(opened(home), tmp_path / "backup", ["others"])


def test_restored_catalogue_is_the_one_that_its_folder_is_of(home: Path, tmp_path: Path) -> None:
    with running(home) as service:
        service.client().store(NAME, bodies(50, 1))
    chosen = home / "collections" / NAME / "image.tuned.json"
    chosen.write_text("{}")  # by 'binocle tune'
    (tmp_path / "shared.txt").write_text("0f" * 32)
    with opened(home).open_collection(NAME) as collection:
        add_list(collection, "partner", listed_in_file(tmp_path / "shared.txt"))
    back_up(opened(home), [NAME], tmp_path / "backup", with_indices=True)
    other = tmp_path / "other"
    restore(opened(other), tmp_path / "backup", [])
    folder = other / "collections" / NAME
    assert (folder / chosen.name).read_text() == "{}"
    with opened(other).open_collection(NAME) as collection:
        assert [one.name for one in lists_of(collection)] == ["partner"]
    assert (folder / MARK).is_file()
    (folder / "catalog.sqlite").write_bytes(b"")
    with pytest.raises(StorageError, match="is empty"):
        Collection(folder)


@pytest.mark.slow
def test_collections_come_back_from_servers_into_files_and_from_files_onto_servers(
    home: Path, tmp_path: Path, vector_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [f"g{number}" for number in range(12)]
    with running(home) as service:
        expected = answers(service.client(), service.http(), ids)
    address = vector_server.address
    code, _, err = run_cli(home, "move", NAME, "--catalog", address, "--vectors", address)
    assert code == 0, err
    home.rename(tmp_path / "on-servers")
    for source, target, to_server in (
        ("on-servers", "in-files", False),
        ("in-files", "again", True),
        ("again", "last", False),
    ):
        for name in ("BINOCLE_CATALOG", "BINOCLE_VECTORS"):
            monkeypatch.delenv(name, raising=False)
            if to_server:
                monkeypatch.setenv(name, address)
        to = tmp_path / f"{source}.tar.zst"
        code, _, err = run_cli(tmp_path / source, "backup", NAME, to)
        assert (code, err) == (0, "")
        code, _, err = run_cli(tmp_path / target, "restore", to)
        assert (code, err) == (0, "")
        folder = tmp_path / target / "collections" / NAME
        assert (is_in_postgresql(folder), is_in_engine(folder)) == (to_server, to_server)
        assert not list(folder.parent.glob(".*")), "no copy stays"
        with running(tmp_path / target) as service:
            assert answers(service.client(), service.http(), ids) == expected
            if target == "last":
                service.client().store(NAME, bodies(20, 1))  # what is restored goes on
