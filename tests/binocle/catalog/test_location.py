"""Where a catalogue is: addresses, and the small file."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.container import Container
from api.operations.doctor.examination import examine_collection
from api.operations.removal import remove_collection
from api.settings import read_settings
from binocle.catalog.location import (
    POSTGRESQL_FILE,
    catalog_path,
    checked_address,
    copy_as_file,
    discard_schema,
    make_in_postgresql,
    open_catalog,
    read_location,
)
from binocle.errors import NotFoundError, StorageError, UsageError
from tests.support.catalog_records import record, text
from tests.support.postgres_server import PostgresServer

GOOD = "postgresql+psycopg://me@db.example/shop"


@pytest.mark.parametrize(
    "address",
    ["", "shop", "sqlite:///x.db", "postgresql://me@db/shop", "postgresql+psycopg://me@db",
     "postgresql+psycopg://me@db:port/shop"],
)  # fmt: skip
def test_address_that_is_none_of_postgresql_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match=r"postgresql\+psycopg://user@host/database"):
        checked_address(address)


@pytest.mark.parametrize(
    "address",
    [GOOD.replace("me@", "me:hunter2@"), f"{GOOD}?password=hunter2", f"{GOOD}?sslpassword=hunter2",
     f"{GOOD}?PASSWORD=hunter2"],
)  # fmt: skip
def test_password_in_an_address_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(UsageError, match="PGPASSWORD") as caught:
        checked_address(address)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "cannot be read"),
        ({"format": 1, "address": GOOD}, "cannot be read"),
        ({"format": 2, "address": GOOD, "schema": "a"}, "newer Binocle"),
        ({"format": 1, "address": "sqlite://", "schema": "a"}, "cannot be read"),
        ({"format": 1, "address": GOOD, "schema": 'a"; DROP'}, "cannot be one of Binocle's"),
    ],
)
def test_damaged_file_is_told(document: object, message: str, tmp_path: Path) -> None:
    path = tmp_path / POSTGRESQL_FILE
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    with pytest.raises(StorageError, match=message):
        read_location(path)
    with pytest.raises(StorageError, match=message):
        open_catalog(catalog_path(tmp_path))


@pytest.fixture
def container(server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Container:
    monkeypatch.setenv("BINOCLE_CATALOG", server.address)
    made = Container(read_settings(home=tmp_path / "home", model="colour"))
    with made.open_collection("shop", create=True) as collection:
        collection.upsert([record("a", text("red kite")), record("b", text("boat"))])
    return made


@pytest.mark.slow
def test_collection_remembers_that_its_catalogue_is_in_postgresql(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BINOCLE_CATALOG")
    plain = Container(read_settings(home=container.settings.home, model="colour"))
    assert plain.collection_names() == ["shop"]
    with plain.open_collection("shop") as collection:
        assert collection.record("a").parts[0].text == "red kite"
        assert collection.exists()
        assert not list(collection.path.glob("*.sqlite"))
    with plain.open_collection("other", create=True) as collection:
        assert catalog_path(collection.path).name == "catalog.sqlite"


@pytest.mark.slow
def test_removed_collection_leaves_no_schema(container: Container) -> None:
    path = container.own_path("shop")
    location = read_location(path / POSTGRESQL_FILE)
    assert location.schema.startswith("binocle_shop_")
    kept = (path / POSTGRESQL_FILE).read_bytes()
    remove_collection(container, "shop")
    with pytest.raises(NotFoundError):
        container.open_collection("shop")
    path.mkdir()
    (path / POSTGRESQL_FILE).write_bytes(kept)
    check_is_gone(container, location.schema)


@pytest.mark.slow
def test_who_looks_into_a_schema_that_was_lost_makes_none(container: Container) -> None:
    location = read_location(container.own_path("shop") / POSTGRESQL_FILE)
    discard_schema(container.own_path("shop"))
    found = list(examine_collection(container.own_path("shop")))
    assert [one.level for one in found if "is not there any more" in one.message] == ["damage"]
    with pytest.raises(StorageError, match="not there any more"):
        copy_as_file(container.own_path("shop"), container.settings.home / "copy.sqlite")
    check_is_gone(container, location.schema)
    remove_collection(container, "shop")


def check_is_gone(container: Container, schema: str) -> None:
    with pytest.raises(StorageError, match="not there any more"):
        container.open_collection("shop")
    engine = sa.create_engine(str(container.settings.catalog))
    assert schema not in sa.inspect(engine).get_schema_names()
    engine.dispose()


@pytest.mark.slow
def test_of_two_that_make_a_collection_at_once_the_first_has_made_it(
    server: PostgresServer, tmp_path: Path
) -> None:
    folder = tmp_path / "twice"
    folder.mkdir()
    first = read_location(make_in_postgresql(folder, server.address))
    assert read_location(make_in_postgresql(folder, server.address)) == first
    engine = sa.create_engine(server.address)
    schemas = [one for one in sa.inspect(engine).get_schema_names() if "_twice_" in one]
    engine.dispose()
    assert schemas == [first.schema]


@pytest.mark.slow
def test_collection_that_cannot_be_made_leaves_no_name(
    server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINOCLE_CATALOG", f"postgresql+psycopg://me@/x?host={tmp_path}")
    container = Container(read_settings(home=tmp_path / "home"))
    with pytest.raises(StorageError, match="cannot be reached"):
        container.open_collection("shop", create=True)
    assert container.collection_names() == []
