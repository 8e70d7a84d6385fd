import time

import psycopg
import pytest

from binocle.errors import UnreachableError
from binocle.vectors.engines.pgvector.connections import VectorConnections
from experiments.engines.local_server import STRANGER
from tests.support.pgvector_store import plain_address
from tests.support.postgres_server import PostgresServer

pytestmark = pytest.mark.slow


def one(connection: "psycopg.Connection[tuple[int]]") -> int:
    row = connection.execute("SELECT 1").fetchone()
    assert row is not None
    return row[0]


def test_connection_that_was_lost_is_opened_again(vector_server: PostgresServer) -> None:
    connections = VectorConnections(plain_address(vector_server), "the vectors")
    assert connections.run(one) == 1
    vector_server.stop()
    with pytest.raises(UnreachableError, match="see whether the server runs"):
        connections.run(one)
    vector_server.start()
    assert connections.run(one) == 1
    connections.run(one)
    vector_server.stop()
    vector_server.start()
    assert connections.run(one) == 1


def test_connection_in_a_transaction_that_failed_is_not_kept(vector_server: PostgresServer) -> None:
    connections = VectorConnections(plain_address(vector_server), "the vectors")

    def fail(connection: "psycopg.Connection[tuple[int]]") -> None:
        connection.execute("BEGIN")
        raise ValueError("of somebody else")

    with pytest.raises(ValueError, match="of somebody else"):
        connections.run(fail)
    assert connections.run(one) == 1


def test_wrong_password_is_refused_without_telling_it(
    vector_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    VectorConnections(plain_address(vector_server), "the vectors").run(
        lambda connection: connection.execute(f"CREATE ROLE {STRANGER} LOGIN PASSWORD 'right'")
    )
    monkeypatch.setenv("PGPASSWORD", "hush-hush")
    address = vector_server.address_of(STRANGER).replace("+psycopg", "")
    with pytest.raises(UnreachableError, match="PGPASSWORD") as caught:
        VectorConnections(address, "the vectors").run(one)
    assert "hush" not in str(caught.value)
    assert "\n" not in str(caught.value)
    monkeypatch.setenv("PGPASSWORD", "right")
    with pytest.raises(UnreachableError, match="GRANT CREATE"):
        VectorConnections(address, "the vectors").run(
            lambda connection: connection.execute("CREATE SCHEMA theirs")
        )


def test_database_that_is_not_there_is_told(vector_server: PostgresServer) -> None:
    address = plain_address(vector_server).replace("/postgres?", "/nowhere?")
    with pytest.raises(UnreachableError, match="createdb"):
        VectorConnections(address, "the vectors").run(one)


def test_no_more_connections_are_kept_than_a_few(vector_server: PostgresServer) -> None:
    address = plain_address(vector_server)
    connections = VectorConnections(address, "the vectors")

    def nested(depth: int) -> int:
        return connections.run(lambda _: nested(depth - 1)) if depth else kept()

    def kept() -> int:
        query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'binocle'"
        with psycopg.connect(address) as connection:
            row = connection.execute(query).fetchone()
        assert row is not None
        return int(row[0])

    before = kept()
    assert nested(10) == before + 10
    for _ in range(50):  # a server takes a moment to see that one is closed
        if kept() <= before + 4:
            break
        time.sleep(0.02)
    assert kept() == before + 4
