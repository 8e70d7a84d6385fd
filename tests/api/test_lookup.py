"""Reverse lookup and duplicates through the doors: the command line and HTTP."""

import base64
import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageOps

from api import cli
from api.client import Client, picture
from api.schemas import RecordIn
from tests.api.conftest import Running
from tests.search.test_lookup import drawn, encoded


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data home with a collection of four pictures, one of them twice."""
    folder = tmp_path / "drawn"
    folder.mkdir()
    for seed in range(4):
        (folder / f"{seed}.png").write_bytes(encoded(drawn(seed)))
    (folder / "2-small.jpg").write_bytes(encoded(drawn(2).resize((160, 120)), "JPEG"))
    assert run("--home", tmp_path / "home", "index", folder, "--model", "colour") == 0
    return tmp_path / "home"


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main([str(one) for one in arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_lookup_by_command(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = tmp_path / "asked.jpg"
    asked.write_bytes(encoded(ImageOps.mirror(drawn(1)), "JPEG"))
    unknown = tmp_path / "unknown.png"
    unknown.write_bytes(encoded(drawn(50)))
    capsys.readouterr()
    assert run("lookup", asked, unknown, "--home", home, "--json", "--copies-only") == 0
    first, second = json.loads(capsys.readouterr().out)["results"]
    assert first["verdict"] == "mirrored"
    assert first["candidates"][0]["id"] == "drawn/1.png"
    assert first["candidates"][0]["stored_region"]["w"] == pytest.approx(1, abs=0.02)
    assert (second["verdict"], second["candidates"]) == ("none", [])
    assert run("lookup", asked, "--home", home) == 0
    assert "mirrored" in capsys.readouterr().out


def test_lookup_of_what_is_no_picture_fails_in_one_line(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    assert run("lookup", tmp_path / "text.jpg", "--home", home) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert run("lookup", tmp_path / "missing.jpg", "--home", home) == 2
    assert "missing.jpg" in capsys.readouterr().err


def test_duplicates_write_a_page_and_a_table(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, table = tmp_path / "report.html", tmp_path / "report.csv"
    capsys.readouterr()
    assert run("duplicates", "--home", home, "--report", page, "--csv", table, "--json") == 0
    [cluster] = json.loads(capsys.readouterr().out)["clusters"]
    assert cluster["keep"]["record_id"] == "drawn/2.png"
    assert [one["verdict"] for one in cluster["others"]] == ["near-duplicate"]
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(one["keep"], one["id"]) for one in rows] == [
        ("yes", "drawn/2.png"),
        ("no", "drawn/2-small.jpg"),
    ]
    text = page.read_text()
    assert text.count("data:image/jpeg;base64,") == 2
    assert "http" not in text.replace("<!doctype html>", "")


def test_lookup_over_http_by_base64_and_form(service: Running, client: Client, name: str) -> None:
    records = [RecordIn(id=f"d{seed}", images=[picture(encoded(drawn(seed)))]) for seed in range(3)]
    assert client.store(name, records).failed == 0
    cut = encoded(drawn(1).crop((60, 40, 240, 180)))
    http = service.http()
    path = f"/v1/collections/{name}/lookup"
    plain = http.post(path, json={"image": base64.b64encode(cut).decode(), "limit": 1})
    form = http.post(path, files={"image": ("cut.png", cut)}, data={"lookup": '{"limit": 1}'})
    assert plain.status_code == form.status_code == 200
    one, other = plain.json(), form.json()
    one.pop("took_ms")
    assert other.pop("took_ms")["total"] > 0
    assert one == other
    assert one["verdict"] == "part"
    [candidate] = one["candidates"]
    assert candidate["id"] == "d1"
    assert np.allclose(candidate["stored_region"]["x"], 60 / 320, atol=0.02)
    assert http.get(candidate["thumbnail"]).status_code == 200


@pytest.mark.parametrize(
    "body",
    [{}, {"image": "####"}, {"image": base64.b64encode(b"no picture").decode()},
     {"image": "AAAA", "limit": 0}, {"image": "AAAA", "colour": 1}],
)  # fmt: skip
def test_bad_lookups_are_refused(
    service: Running, client: Client, name: str, body: dict[str, object]
) -> None:
    assert client.store(name, [RecordIn(id="a", images=[picture(encoded(drawn(1)))])]).failed == 0
    answer = service.http().post(f"/v1/collections/{name}/lookup", json=body)
    assert answer.status_code == 422
    assert answer.json()["code"]
