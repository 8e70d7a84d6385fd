"""Types of metadata fields: inferred, declared, from every door."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.cli.main import main
from binocle_client import Client
from binocle_client.requests import RecordBody
from tests.support.service import Running, problem_of

TABLE = """id,title,price,code,tags,spot,day
a,red lamp,1.50,007,warm|bright,"48.1, 11.5",05.03.2021
b,blue chair,12,1.50,cold,"52.5, 13.4",2022-01-02
"""


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str, code: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(tmp_path / "home"), *arguments])
        output = capsys.readouterr()
        assert ended.value.code == code, output.err
        return output.out if code == 0 else output.err

    return run


def types_in(output: str) -> dict[str, tuple[str, bool]]:
    return {one["name"]: (one["type"], one["declared"]) for one in json.loads(output)["fields"]}


def ids_in(output: str) -> list[str]:
    return sorted(hit["id"] for hit in json.loads(output)["hits"])


def test_types_are_inferred_declared_and_filtered_by_on_the_command_line(
    run: Any, tmp_path: Path
) -> None:
    table = tmp_path / "table.csv"
    table.write_text(TABLE)
    run("index", str(table), "--model", "colour", "--text-column", "title")
    assert types_in(run("fields", "--json")) == {
        "title": ("keyword", False), "price": ("number", False), "code": ("keyword", False),
        "tags": ("keyword", False), "spot": ("keyword", False), "day": ("keyword", False),
    }  # fmt: skip
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps({"tags": "keywords", "spot": "geo", "day": "date"}))
    found = types_in(run("fields", "--schema", str(schema), "--field", "code:number", "--json"))
    assert found["code"] == ("number", True)
    assert found["spot"] == ("geo", True)

    def search(where: str) -> list[str]:
        return ids_in(run("search", "lamp", "--where", where, "--json"))

    assert search("spot near (48, 11, 100km)") == ["a"]
    assert search("day in march 2021") == ["a"]
    assert search("tags contains warm") == ["a"]
    assert search("code < 2") == ["b"]
    assert "a\t" not in run("fields")


def test_declared_codes_of_a_table_stay_as_written(run: Any, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("id,title,size\na,lamp,1.50\nb,chair,1.5\n")
    run("index", str(table), "--model", "colour", "--text-column", "title", "--field",
        "size:keyword")  # fmt: skip
    assert ids_in(run("search", "lamp", "--where", "size = '1.50'", "--json")) == ["a"]


def test_first_run_that_fails_leaves_no_collection(run: Any, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("x\n1\n")
    run("index", str(table), "-c", "new", code=1)
    assert json.loads(run("collections", "--json"))["collections"] == []


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--field", "price"], "NAME:TYPE"),
        (["--field", "price:money"], "types are number, boolean"),
        (["--field", "id:number"], "no metadata field"),
        (["--schema", "nowhere.json"], "cannot read the schema"),
    ],
)
def test_schemas_that_are_none_are_refused(
    run: Any, tmp_path: Path, options: list[str], reason: str
) -> None:
    assert reason in run("fields", *options, code=2)


def test_types_are_declared_over_http(client: Client, service: Running, name: str) -> None:
    records = [
        RecordBody(id="a", texts={"title": "one"}, metadata={"price": "1,200.50 €", "new": True}),
        RecordBody(id="b", texts={"title": "two"}, metadata={"price": "7", "new": False}),
    ]
    assert client.store(name, records).failed == 0
    http = service.http()
    path = f"/v1/collections/{name}/schema"
    answer = http.get(path).json()["fields"]
    assert [(one["name"], one["type"], one["records"]) for one in answer] == [
        ("new", "boolean", 2), ("price", "keyword", 2)
    ]  # fmt: skip
    assert answer[0]["examples"] == [False, True]
    declared = http.put(path, json={"fields": {"price": "number"}}).json()["fields"]
    assert declared[1]["type"] == "number"
    assert sorted(declared[1]["examples"]) == [7, 1200.5]
    page = client.records(name, where="price > 1000")
    assert [one.id for one in page.records] == ["a"]
    assert page.records[0].metadata["price"] == "1,200.50 €", "given back as it came"
    undone = http.put(path, json={"fields": {"price": None}}).json()["fields"]
    assert (undone[1]["type"], undone[1]["declared"]) == ("keyword", False)
    problem_of(http.put(path, json={"fields": {"id": "number"}}), 422, "usage")
    assert http.put(path, json={"fields": {"price": "money"}}).status_code == 422
