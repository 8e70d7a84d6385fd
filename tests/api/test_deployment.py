"""The container's files, without a Docker engine: what they say must fit the program.

Compose files and manifests are held against the schemas of Compose and Kubernetes.
"""

import json
import re
from typing import Any

import click
import kubernetes_validate
import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

from api.cli.main import cli
from api.cli.serve import _GRACE_S
from api.settings import Settings
from tests.support import ROOT

COMPOSE = [ROOT / "docker-compose.yml", *sorted((ROOT / "deploy").glob("*.compose.yml"))]
KUBERNETES = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))


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
    assert '.[mcp,milvus,postgresql]"' in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize(
    "file",
    [
        "Dockerfile",
        "docs/deployment.md",
        *(str(one.relative_to(ROOT)) for one in (*COMPOSE, *KUBERNETES)),
    ],
)
def test_every_setting_named_exists(file: str) -> None:
    names = re.findall(r"\bBINOCLE_(\w+)", (ROOT / file).read_text())
    assert {name.lower() for name in names} <= set(Settings.model_fields)


def test_files_are_what_compose_and_kubernetes_take() -> None:
    checked = CliRunner().invoke(
        check_jsonschema, ["--builtin-schema", "vendor.compose-spec", *map(str, COMPOSE)]
    )
    assert checked.exit_code == 0, checked.output
    for one in resources():
        kubernetes_validate.validate(one, "1.37", strict=True)


def resources() -> list[dict[str, Any]]:
    return [one for path in KUBERNETES for one in yaml.safe_load_all(path.read_text())]


def test_containers_run_commands_and_are_probed_where_the_service_answers() -> None:
    containers = [
        one
        for resource in resources()
        if resource["kind"] in ("Deployment", "Job")
        for one in resource["spec"]["template"]["spec"]["containers"]
    ]
    services = [
        one
        for path in COMPOSE
        for one in yaml.safe_load(path.read_text())["services"].values()
        if "image" not in one
    ]
    started = [one["args"] for one in containers] + [
        one["command"] for one in services if "command" in one
    ]
    assert len(started) >= 6
    for command in started:
        context = click.Context(cli)
        name, found, rest = cli.resolve_command(context, [str(one) for one in command])
        while isinstance(found, click.Group):
            name, found, rest = found.resolve_command(context, rest)
        assert found is not None
        known = {option for one in found.params for option in one.opts}
        assert {one for one in rest if one.startswith("--")} <= known, name
    routes = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"]
    probes = [one[name]["httpGet"]["path"] for one in containers for name in one if "Probe" in name]
    assert len(probes) == 3
    assert set(probes) <= routes.keys()


def test_a_replica_ends_after_nobody_asks_it_and_before_it_is_killed() -> None:
    (deployment,) = [one for one in resources() if one["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pause > 2 * container["readinessProbe"]["periodSeconds"]
    assert pod["terminationGracePeriodSeconds"] > pause + _GRACE_S
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
