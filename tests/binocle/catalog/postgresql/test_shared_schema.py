"""A schema that processes share: one transaction at a time, and who is alive."""

import secrets
import threading
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from binocle.catalog.postgresql.shared_schema import SharedSchema
from binocle.errors import StorageError
from tests.support.postgres_server import PostgresServer

pytestmark = pytest.mark.slow
_TABLE = "CREATE TABLE IF NOT EXISTS counts (number BIGINT NOT NULL)"
_PATIENCE_S = 90.0
OpenSchema = Callable[[int], SharedSchema]


@pytest.fixture
def opened(server: PostgresServer) -> Iterator[OpenSchema]:
    """Opens the schema as a process of a number."""
    address, name = sa.make_url(server.address), f"shared_{secrets.token_hex(4)}"
    several: list[SharedSchema] = []

    def one_more(number: int) -> SharedSchema:
        several.append(SharedSchema(address, name, "the counts", number))
        return several[-1]

    yield one_more
    for one in several:
        one.close()


def counts(schema: SharedSchema) -> list[int]:
    with schema.using() as database:
        return [row[0] for row in database.execute("SELECT number FROM counts ORDER BY number")]


def test_a_transaction_is_whole_and_others_wait_for_it(opened: OpenSchema) -> None:
    one, other = opened(1), opened(2)
    for schema in (one, other):
        schema.make([_TABLE])
    begun = threading.Event()

    def count() -> None:
        with other.using() as database:
            begun.set()
            (highest,) = database.execute("SELECT max(number) FROM counts").fetchone()
            database.execute("INSERT INTO counts VALUES (?)", (highest + 1,))

    thread = threading.Thread(target=count)
    with one.using() as database:
        thread.start()
        assert not begun.wait(0.3)
        database.execute("INSERT INTO counts VALUES (?)", (7,))
    thread.join(_PATIENCE_S)
    assert counts(one) == [7, 8]

    def fail() -> None:
        with one.using() as database:
            database.execute("DELETE FROM counts")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert counts(other) == [7, 8]


def test_who_holds_no_lock_any_more_is_not_alive(
    opened: OpenSchema, server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    high = 2**64 - 5
    one, other = opened(high), opened(2)
    other.make([_TABLE])
    assert not other.is_alive(high)
    assert counts(one) == []
    assert other.is_alive(high)
    one.close()
    assert not other.is_alive(high)
    assert counts(one) == []
    server.stop()
    try:
        with pytest.raises(StorageError, match=r"the counts 'shared_.*cannot be reached"):
            counts(other)
    finally:
        server.start()
    assert not other.is_alive(high)
    monkeypatch.setattr("binocle.catalog.postgresql.shared_schema._LOOK_EVERY_S", 0.0)
    assert counts(one) == []
    assert other.is_alive(high), "it takes its lock again"
