"""The container's files, without a Docker engine: what they say must fit the program."""

import re
from typing import Any

import pytest
import yaml

from api.cli.main import cli
from api.settings import Settings
from tests.support import ROOT


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return document


def test_service_is_bound_to_this_machine_with_pictures_read_only(compose: dict[str, Any]) -> None:
    service = compose["services"]["binocle"]
    assert (ROOT / service["build"] / "Dockerfile").is_file()
    assert service["ports"] == [f"127.0.0.1:{Settings().port}:{Settings().port}"]
    named = [one.split(":", 1) for one in service["volumes"]]
    assert ["data", "/data"] in named
    assert all(name in compose["volumes"] or end.endswith(":ro") for name, end in named)


def test_gpu_is_asked_for_in_its_profile_only(compose: dict[str, Any]) -> None:
    service, gpu = compose["services"]["binocle"], compose["services"]["binocle-gpu"]
    assert "deploy" not in service
    assert "profiles" not in service
    assert gpu["extends"] in compose["services"]
    assert gpu["profiles"] == ["gpu"]
    (device,) = gpu["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])


def test_image_runs_the_command_line_as_nobody_special() -> None:
    text = (ROOT / "Dockerfile").read_text()
    final = text[text.rindex("\nFROM ") :]
    assert re.search(r"^USER [1-9]\d*$", final, re.MULTILINE)
    assert 'ENTRYPOINT ["binocle"]' in final
    command = re.search(r'^CMD \["(\w+)"\]$', final, re.MULTILINE)
    assert command is not None
    assert command[1] in cli.commands
    assert f"EXPOSE {Settings().port}\n" in final
    assert f"127.0.0.1:{Settings().port}/healthz" in final


def test_image_has_the_tools_for_agents_that_a_setting_turns_on() -> None:
    assert '.[mcp,postgresql]"' in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("file", ["Dockerfile", "docker-compose.yml", "docs/deployment.md"])
def test_every_setting_named_exists(file: str) -> None:
    names = re.findall(r"\bBINOCLE_(\w+)", (ROOT / file).read_text())
    assert {name.lower() for name in names} <= set(Settings.model_fields)
