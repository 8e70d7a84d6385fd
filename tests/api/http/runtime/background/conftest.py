"""What is kept behind requests is tried with each place that it can be kept in."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from api.service_state.postgresql_state import ServiceSchema
from api.service_state.sqlite_file import ServiceFile
from api.service_state.state import ServiceState
from binocle.catalog.location import SchemaLocation, checked_address

OpenState = Callable[[Path], ServiceState]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def open_state(request: pytest.FixtureRequest) -> OpenState:
    """Opens the state of a home, as one more service."""
    if request.param == "sqlite":
        return ServiceFile
    address = checked_address(request.getfixturevalue("server").address)

    def opened(home: Path) -> ServiceSchema:
        schema = f"state_{sha256(bytes(home)).hexdigest()[:16]}"
        return ServiceSchema(SchemaLocation(address, schema))

    return opened


@pytest.fixture(params=["sqlite", "postgresql"])
def nowhere(request: pytest.FixtureRequest, tmp_path: Path) -> OpenState:
    """Opens a state that cannot be used."""
    if request.param == "sqlite":
        (tmp_path / "service.sqlite").mkdir()
        return ServiceFile
    address = checked_address(f"postgresql+psycopg://nobody@/none?host={tmp_path}")
    return lambda _: ServiceSchema(SchemaLocation(address, "state"))


def let_go(state: ServiceState) -> None:
    """Have a service be alive no more, as the system and the server do for one that is killed."""
    if isinstance(state, ServiceFile):
        assert state._alive is not None
        state._alive.release()
    else:
        assert isinstance(state, ServiceSchema)
        connection = state._schema._alive
        assert connection is not None
        connection.invalidate()
