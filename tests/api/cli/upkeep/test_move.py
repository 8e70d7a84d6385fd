"""``binocle move`` on a command line, and a service that goes on meanwhile."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from binocle.collection.collection import Collection
from binocle.errors import BinocleError, StorageError, UsageError
from binocle.vectors.location import is_in_engine
from binocle_client import Client
from binocle_client.requests import RecordBody
from tests.support.postgres_server import PostgresServer
from tests.support.service import free_port, served
from tests.support.shop import run_cli
from tests.support.sound_collection import NAME
from tests.support.sound_home import filled, home

__all__ = ["filled", "home"]


def schemas(server: PostgresServer) -> list[str]:
    engine = sa.create_engine(server.address, poolclass=sa.NullPool)
    return sa.inspect(engine).get_schema_names()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a collection, or say --jobs"),
        ([NAME], "say where to move it"),
        (["--jobs"], "say where jobs and webhooks go"),
        ([NAME, "--catalog", "mysql://a/b"], "is not understood"),
        ([NAME, "--vectors", "mysql://a/b"], "is not understood"),
        (["nothing", "--catalog", "postgresql+psycopg://a@b/c"], "no collection 'nothing'"),
    ],
)
def test_what_cannot_be_moved_is_said(home: Path, arguments: list[str], said: str) -> None:
    with pytest.raises(BinocleError, match=said):
        run_cli(home, "move", *arguments)


@pytest.mark.slow
def test_a_service_goes_on_over_what_was_moved(home: Path, server: PostgresServer) -> None:
    port = free_port()
    with served(home, port), Client(f"http://127.0.0.1:{port}") as client:
        before = [hit.id for hit in client.search(NAME, "red", limit=9).hits]
        code, out, err = run_cli(home, "move", NAME, "--catalog", server.address)
        assert code == 0, err
        assert f"the catalogue of {NAME}: moved" in out
        assert [hit.id for hit in client.search(NAME, "red", limit=9).hits] == before
        client.store(NAME, [RecordBody(id="after", texts={"t": "a red thing"})])
        assert client.record(NAME, "after").id == "after"
        with pytest.raises(UsageError, match=r"a service of .* runs"):
            run_cli(home, "move", "--jobs", "--catalog", server.address)
    code, out, err = run_cli(home, "move", NAME, "--jobs", "--catalog", server.address)
    assert code == 0, err
    assert "was in PostgreSQL already" in out
    assert "jobs and webhooks: 0 rows moved" in out
    assert run_cli(home, "search", "red", "-c", NAME)[0] == 0


@pytest.mark.slow
def test_vectors_are_searched_in_an_engine_once_they_are_moved(
    home: Path, vector_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found() -> list[str]:
        code, out, err = run_cli(home, "search", "red", "-c", NAME, "--json")
        assert code == 0, err
        return [hit["id"] for hit in json.loads(out)["hits"]]

    before = found()
    nowhere = f"postgresql+psycopg://nobody@/none?host={home}"
    with pytest.raises(StorageError):
        run_cli(home, "move", NAME, "--vectors", nowhere)
    assert found() == before, "they are where they were"
    save = Collection.save_indices

    def save_and_fail(self: Collection) -> None:
        save(self)
        raise StorageError("the disk is full")

    there = schemas(vector_server)
    with monkeypatch.context() as failing:
        failing.setattr(Collection, "save_indices", save_and_fail)
        with pytest.raises(StorageError, match="disk is full"):
            run_cli(home, "move", NAME, "--vectors", vector_server.address)
    assert schemas(vector_server) == there, "nothing of it is left there"
    assert found() == before
    code, out, err = run_cli(home, "move", NAME, "--vectors", vector_server.address)
    assert code == 0, err
    assert "moved" in out
    assert is_in_engine(home / "collections" / NAME)
    assert found() == before
    assert "already" in run_cli(home, "move", NAME, "--vectors", vector_server.address)[1]
