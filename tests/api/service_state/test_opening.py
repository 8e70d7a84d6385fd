"""The state of a home is found where it is, made where it is to be, and moved as a whole."""

import re
from contextlib import closing
from pathlib import Path

import pytest

from api.http.runtime.background.webhooks import Webhooks
from api.service_state.opening import SCHEMA_FILE, move_state, open_state
from api.service_state.postgresql_state import ServiceSchema
from api.service_state.sqlite_file import ServiceFile
from binocle.errors import StorageError, UsageError
from tests.support.postgres_server import PostgresServer


def test_where_a_server_cannot_be_reached_nothing_is_left(tmp_path: Path) -> None:
    home, address = tmp_path / "home", f"postgresql+psycopg://nobody@/none?host={tmp_path}"
    with pytest.raises(StorageError, match=r"service's state .* cannot be reached"):
        open_state(home, address)
    with pytest.raises(UsageError, match="not understood"):
        open_state(home, "mysql://somewhere/else")
    assert list(home.iterdir()) == []
    assert isinstance(open_state(home), ServiceFile)


@pytest.mark.slow
def test_state_is_made_once_and_found_by_all(server: PostgresServer, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with closing(open_state(home, server.address)) as made:
        assert isinstance(made, ServiceSchema)
        hook = Webhooks(made).add("https://a.example/", events=(), collections=None, owner="")
        with closing(open_state(home)) as found:
            assert Webhooks(found).all() == [hook]
            assert found.is_alive(made.service)
        assert not made.is_alive(found.service)
    assert not (home / "service.sqlite").exists()
    assert "password" not in (home / SCHEMA_FILE).read_text()
    with closing(open_state(home)) as later:
        assert later.exists()
        with later.using() as database:
            database.execute("UPDATE version SET number = 99")
    with closing(open_state(home)) as newer, pytest.raises(StorageError, match="newer Binocle"):
        newer.using().__enter__()


@pytest.mark.slow
def test_state_moves_with_all_it_has(server: PostgresServer, tmp_path: Path) -> None:
    with closing(ServiceFile(tmp_path)) as old:
        webhooks = Webhooks(old)
        made = [
            webhooks.add(f"https://{one}.example/", events=("test",), collections=None, owner="o")
            for one in "ab"
        ]
        sent = webhooks.enqueue_test(made[1].id)
        with closing(ServiceFile(tmp_path)) as runs, runs.using():
            pass
        with pytest.raises(UsageError, match=re.escape(f"a service of {tmp_path} runs")):
            move_state(tmp_path, server.address)
    assert isinstance(open_state(tmp_path, server.address), ServiceFile), "it stays where it is"
    assert move_state(tmp_path, server.address) == 3
    assert move_state(tmp_path, server.address) == 0
    assert list(tmp_path.glob("service.sqlite*")) == []
    with closing(open_state(tmp_path)) as new:
        webhooks = Webhooks(new)
        assert webhooks.all() == made
        assert [one.id for one in webhooks.deliveries(made[1].id)] == [sent]
        assert webhooks.enqueue_test(made[0].id) != sent
