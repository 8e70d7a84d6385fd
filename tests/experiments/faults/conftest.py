"""The program, warm; with the shim where there is a compiler, else with its stand-in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.faults.shim import built_shim
from experiments.faults.warm import WarmProgram, warm_program


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    return built_shim(tmp_path_factory.mktemp("shim"))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, shim: Path | None) -> Iterator[WarmProgram]:
    with warm_program(tmp_path_factory.mktemp("outputs"), shim) as warm:
        yield warm
