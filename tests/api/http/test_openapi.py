"""The written schema holds for the service."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api.container import Container
from api.http.app import create_app
from api.settings import read_settings
from binocle_client.requests import RecordBody
from tests.support import ROOT
from tests.support.service import Serve

_DOCUMENT = ROOT / "docs" / "openapi.json"
_CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance"
)


def test_written_schema_is_the_services(tmp_path: Path) -> None:
    app = create_app(Container(read_settings(home=tmp_path)))
    remedy = "it has changed: run python -m api.http.openapi"
    assert json.loads(_DOCUMENT.read_text()) == app.openapi(), remedy


def test_all_that_is_sent_and_told_is_described() -> None:
    document = json.loads(_DOCUMENT.read_text())
    silent = [
        f"{name}.{member}"
        for name, schema in document["components"]["schemas"].items()
        for member, told in schema.get("properties", {}).items()
        if not _is_described(told)
    ]
    silent += [
        f"{method} {path} {one['name']}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for one in operation.get("parameters", ())
        if not _is_described(one)
    ]
    assert silent == []


def _is_described(told: dict[str, Any]) -> bool:
    return "description" in told or any("description" in one for one in told.get("anyOf", ()))


def test_codes_of_the_page_stand_in_the_document() -> None:
    page = (ROOT / "docs" / "http.md").read_text()
    table = page.partition("| status | codes |")[2].partition("\n\n")[0]
    codes = set(re.findall(r"`([a-z-]+)`", table))
    told = json.loads(_DOCUMENT.read_text())["info"]["description"]
    assert len(codes) > 30
    assert codes - set(re.findall(r"`([a-z-]+)`", told)) == set()


def test_lines_and_events_are_in_the_document() -> None:
    schemas = json.loads(_DOCUMENT.read_text())["components"]["schemas"]
    assert {"RecordIn", "LineOutcome", "ImportEnd", "LookupOutcome", "EventOut"} <= set(schemas)


_FUZZ = ("--phases", "examples,fuzzing,stateful")
_COVER = ("--phases", "coverage")
_RECORDS = ("--include-tag", "records")
_SEARCH = ("--include-tag", "search")
_NO_LINES = ("--exclude-path-regex", ":(import|lines)$")  # it can write no application/x-ndjson
_OTHERS = ("--exclude-tag", "records", "--exclude-tag", "search")


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize(
    ("has_key", "choice"),
    [
        (False, _FUZZ),
        (True, _FUZZ),
        (False, (*_COVER, *_RECORDS)),
        (False, (*_COVER, *_SEARCH)),
        (True, (*_COVER, *_OTHERS)),
    ],
    ids=[
        "fuzz without keys",
        "fuzz with a key",
        "cover records",
        "cover search",
        "cover the rest with a key",
    ],
)
def test_service_does_as_its_schema_says(
    serve: Serve, tmp_path: Path, has_key: bool, choice: tuple[str, ...]
) -> None:
    service = serve()
    client = service.client()
    client.put_collection("c")
    client.store("c", [RecordBody(id="x", texts={"t": "red"}, metadata={"price": 3})])
    if has_key:
        secret = service.keys.add("mine", "write", None)
        choice = (*choice, "--header", f"Authorization: Bearer {secret}")
    shown = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "run", f"{service.url}/openapi.json",
            "--max-examples", "5", "--checks", _CHECKS, "--seed", "7", "--no-color",
            "--generation-database", "none", "--warnings", "off", *_NO_LINES, *choice,
        ],
        cwd=tmp_path, capture_output=True, text=True, timeout=400, check=False,
        env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis")},  # characters
    )  # fmt: skip
    told = re.sub(r"(%[0-9A-F]{2}){9,}", "%...", shown.stdout)
    assert shown.returncode == 0, told[-8000:] + shown.stderr
