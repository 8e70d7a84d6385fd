"""``binocle rules``: show, set, try, publish, history, back."""

import json
import os
from pathlib import Path

import pytest

from api.container import Container
from api.settings import read_settings
from binocle.errors import NotFoundError, RulesError, UsageError
from tests.support.few_words import ENCODER, add
from tests.support.shop import run_cli


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    container = Container(read_settings(home=home, model="colour"))
    with container.open_collection("a", create=True) as collection:
        collection.claim_space(ENCODER.space)
        add(collection, 0, 20, ["text"])
    return home


def done(home: Path, *arguments: object) -> tuple[str, str]:
    code, out, err = run_cli(home, "rules", *arguments, "-c", "a")
    assert code == 0, err
    return out, err


def test_rules_are_set_tried_published_and_gone_back_from(home: Path, tmp_path: Path) -> None:
    assert json.loads(done(home, "show")[0]) == {"synonyms": [], "curations": [], "boosts": []}
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"curations": [{"query": "Red", "pin": ["r7", "gone"]}]}))
    assert "'gone', which is not there" in done(home, "set", file)[1]
    queries = tmp_path / "queries.txt"
    queries.write_text("house\n\n")
    out, err = done(home, "try", "red", "--queries", queries)
    assert "→ 1" in out
    assert "r7" in out
    assert "house: " in out
    assert "1 of 2 queries have other hits" in err
    tried = json.loads(done(home, "try", "red", "--json")[0])
    assert tried[0]["after"][0] == "r7"
    assert done(home, "publish", "--note", "sale")[0] == "searches go by version 1 now\n"
    assert json.loads(done(home, "show")[0])["curations"][0]["pin"] == ["r7", "gone"]
    _, out, _ = run_cli(home, "search", "red", "-c", "a", "--json")
    assert json.loads(out)["hits"][0]["id"] == "r7"
    assert {one["ranking"] for one in json.loads(out)["hits"][0]["contributions"]} >= {"pin"}
    _, out, _ = run_cli(home, "search", "red", "-c", "a", "--json", "--rules", "none")
    assert json.loads(out)["hits"][0]["id"] != "r7"
    file.write_text("{}")
    done(home, "set", file)
    done(home, "publish")
    done(home, "back", 1)
    assert [one["note"] for one in json.loads(done(home, "history", "--json")[0])] == [
        "as version 1", "", "sale",
    ]  # fmt: skip
    assert "version 3" in done(home, "history")[0]
    assert json.loads(done(home, "show", "--version", 3)[0])["curations"]


def test_what_is_wrong_is_told(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    with pytest.raises(UsageError, match="cannot read"):
        done(home, "set", file)
    file.write_text('{"boosts": [{"weight": 1}]}')
    with pytest.raises(RulesError, match=r"boosts\[0\]: give one of pivot"):
        done(home, "set", file)
    for command in (("show", "--draft"), ("publish",), ("discard",), ("back", 3), ("try", "x")):
        with pytest.raises(NotFoundError):
            done(home, *command)
    with pytest.raises(UsageError, match="give one of them"):
        done(home, "show", "--draft", "--version", 1)


def test_devices_and_pipes_are_not_read_for_rules(home: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/null", tmp_path / "pipe"):
        with pytest.raises(UsageError, match="it is not a regular file"):
            done(home, "set", path)


def test_backup_has_the_rules(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"synonyms": [{"words": ["red", "scarlet"]}]}))
    done(home, "set", file)
    done(home, "publish")
    done(home, "set", file)
    assert run_cli(home, "backup", "a", tmp_path / "backup")[0] == 0
    assert run_cli(home, "restore", tmp_path / "backup", "a", "--as", "b")[0] == 0
    for draft in ([], ["--draft"]):
        _, out, _ = run_cli(home, "rules", "show", "-c", "b", *draft)
        assert json.loads(out)["synonyms"] == [{"words": ["red", "scarlet"]}]
