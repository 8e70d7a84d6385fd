"""A catalogue in PostgreSQL is examined, cleared and repaired as one in a file is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from api.operations.doctor.examination import Diagnosis, examine
from api.operations.doctor.gone import examine_gone
from api.operations.doctor.repair import planned, repair
from api.operations.removal import remove_records
from binocle.catalog.checks.findings import Repair
from binocle.catalog.location import POSTGRESQL_FILE, read_location
from binocle.vectors.location import ENGINE_FILE
from binocle.vectors.location import read_location as engine_location
from tests.support.pgvector_store import plain_address
from tests.support.postgres_server import PostgresServer
from tests.support.shop import run_cli
from tests.support.sound_collection import NAME, opened
from tests.support.sound_home import filled, folder, home

__all__ = ["filled", "folder", "home"]
pytestmark = pytest.mark.slow

DAMAGES: dict[str, tuple[str, Repair]] = {
    "DROP INDEX parts_by_content": ("catalogue-schema", "schema"),
    "DROP INDEX words_by_token": ("catalogue-schema", "schema"),
    "UPDATE words SET tokens = array_to_tsvector('{else}') WHERE number IN "
    "(SELECT min(number) FROM words)": ("words", "words"),
    "DELETE FROM words WHERE number IN (SELECT min(number) FROM words)": ("words", "words"),
    "UPDATE words SET text = ' else ' WHERE number IN (SELECT min(number) FROM words)": (
        "words", "words"),
    "DELETE FROM vocabulary": ("words", "words"),
    "UPDATE attributes SET number = 77 WHERE number = 3": ("metadata", "metadata"),
    "DELETE FROM points; DELETE FROM attributes WHERE text = 'new'": ("metadata", "metadata"),
    "UPDATE likenesses SET hash = sha256('')": ("fingerprints", "fingerprints"),
    "UPDATE parts SET info = '{}' WHERE info IS NOT NULL": ("parts", "facts"),
    "UPDATE items SET record_key = 'none'": ("ledger", "ledger"),
}  # fmt: skip


@pytest.fixture
def on_server(home: Path, vector_server: PostgresServer) -> Path:
    address = vector_server.address
    code, _, err = run_cli(home, "move", NAME, "--catalog", address, "--vectors", address)
    assert code == 0, err
    return home


@contextmanager
def database(
    server: PostgresServer, folder: Path
) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    schema = read_location(folder / POSTGRESQL_FILE).schema
    with psycopg.connect(plain_address(server), autocommit=True) as connection:
        connection.execute(f'SET search_path TO "{schema}"'.encode())
        yield connection


def examined(home: Path) -> Diagnosis:
    return examine(opened(home), [NAME])[1]


def test_what_is_damaged_there_is_found_and_mended(
    on_server: Path, folder: Path, vector_server: PostgresServer
) -> None:
    found = examined(on_server)
    assert found.is_sound, found.findings
    assert found.is_examined
    for damage, (check, mend) in DAMAGES.items():
        with database(vector_server, folder) as connection:
            connection.execute(damage.encode())
        found = examined(on_server)
        told = {(one.check, one.repair) for one in found.findings if one.level == "damage"}
        assert (check, mend) in told, (damage, found.findings)
        repair(found, planned(found))
        left = [one for one in examined(on_server).findings if one.level == "damage"]
        if mend != "ledger":  # whose records have no line until the next run
            assert left == [], damage
    with database(vector_server, folder) as connection:
        connection.execute("UPDATE vectors SET vector = substring(vector FROM 5)")
    found = examined(on_server)
    assert {"vectors"} <= {one.check for one in found.findings if one.level == "damage"}
    assert not list(folder.parent.glob(".*")), "no copy stays"
    vector_server.stop()
    try:
        found = examined(on_server)
    finally:
        vector_server.start()
    assert not found.is_sound
    assert not found.is_examined


def test_nothing_is_left_of_a_removed_record_there(
    on_server: Path, folder: Path, vector_server: PostgresServer
) -> None:
    def gone() -> Diagnosis:
        return examine_gone(opened(on_server), NAME, "g3")

    def told() -> str:
        return " ".join(one.message for one in gone().findings)

    assert not gone().is_sound
    with opened(on_server).open_collection(NAME) as collection:
        collection.saved_queries.put({b"q": '{"record": "g3"}', b"r": '{"record": "g4"}'}, 1e9)
        remove_records(collection, ["g3"])
    assert "earlier queries" in told()
    assert "the saved image index has removed parts" in told()
    assert run_cli(on_server, "remove", "g4", "-c", NAME)[0] == 0
    with database(vector_server, folder) as connection:
        kept = connection.execute("SELECT query FROM turns").fetchall()
        assert not [one for one in kept if "g4" in str(one)], "its queries went with it"
        words = "SELECT count(*) FROM vocabulary WHERE word = '4'"
        assert connection.execute(words).fetchone() == (0,)
    found = gone()
    assert {"queries", "traces", "indices"} <= set(planned(found))
    repair(found, planned(found))
    assert gone().findings == ()
    with database(vector_server, folder) as connection:
        name = engine_location(folder).name
        held = connection.execute(f'SELECT count(*) FROM "{name}".image'.encode()).fetchone()
        live = connection.execute("SELECT count(*) FROM parts WHERE kind = 'image'").fetchone()
        assert held == live
    assert (folder / ENGINE_FILE).is_file()
