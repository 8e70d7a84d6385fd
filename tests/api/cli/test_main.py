"""The command line, as a person and as a program meet it."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from filelock import FileLock

from api.cli.main import cli
from binocle.media.kinds import KINDS
from binocle.part_kinds import KIND_NAMES
from tests.support import picture_bytes, write_photos
from tests.support.buckets import Buckets
from tests.support.command_line import CommandLine

Run = Any


def runner(warm: CommandLine, home: Path) -> Run:
    environment = {name: value for name, value in os.environ.items() if "BINOCLE" not in name}
    environment |= {"BINOCLE_HOME": str(home), "BINOCLE_MODEL": "colour"}
    environment["BINOCLE_WORKERS"] = "1"

    def run(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        return warm.run([*map(str, arguments)], environment | variables)

    return run


@pytest.fixture
def run(warm: CommandLine, tmp_path: Path) -> Run:
    return runner(warm, tmp_path / "home")


@pytest.fixture(scope="module")
def ask(warm: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs commands that only read, where twenty pictures are indexed."""
    place = tmp_path_factory.mktemp("asked")
    run = runner(warm, place / "home")
    assert run("index", write_photos(place / "photos")).returncode == 0
    return run


def hits(answer: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert answer.returncode == 0, answer.stderr
    found: list[dict[str, Any]] = json.loads(answer.stdout)["hits"]
    return found


def error_line(answer: subprocess.CompletedProcess[str], code: int) -> str:
    assert answer.returncode == code, answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr
    lines = answer.stderr.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


def test_index_then_search_in_all_four_directions(run: Run, photos: Path, tmp_path: Path) -> None:
    captions = tmp_path / "captions.txt"
    captions.write_text("something red\nsomething blue\n")
    assert run("index", photos, captions).returncode == 0
    texts_to_images = hits(run("search", "red", "--json", "-k", 3))
    assert [hit["kind"] for hit in texts_to_images] == ["image"] * 3
    assert {"id", "score", "uri", "kind", "metadata"} <= texts_to_images[0].keys()
    picture = photos / "2019" / "01.jpg"
    assert hits(run("search", "--image", picture, "--json"))[0]["uri"] == str(picture)
    assert (
        hits(run("search", "--image", picture, "--target", "text", "--json"))[0]["kind"] == "text"
    )
    found = hits(run("search", "something", "red", "--target", "text", "--json"))
    assert found[0]["text"] == "something red"


def test_where_like_without_and_limit_narrow_a_search(ask: Run) -> None:
    found = hits(ask("search", "red", "--where", "folder = 2019", "-k", "20", "--json"))
    assert len(found) == 10
    assert all(hit["metadata"]["folder"] == "2019" for hit in found)
    like = hits(ask("search", "--like", "photos/2019/01.jpg", "-k", "20", "--json"))
    assert len(like) == 19
    assert len(hits(ask("search", "red", "--without", "blue", "-k", "2", "--json"))) == 2


def test_plain_output_is_one_tab_separated_line_a_hit(ask: Run) -> None:
    lines = ask("search", "red", "-n", "4").stdout.splitlines()
    assert len(lines) == 4
    assert all(len(line.split("\t")) == 3 for line in lines)


def test_a_second_run_says_unchanged_and_decodes_nothing(run: Run, photos: Path) -> None:
    run("index", photos)
    again = json.loads(run("index", photos, "--json").stdout)["runs"][0]
    assert (again["unchanged"], again["images_embedded"]) == (20, 0)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("search",), 2, "nothing to look for"),
        (("search", "red", "-c", "../x"), 2, "cannot name a collection"),
        (("search", "red", "-k", "0"), 2, "0 is not in the range"),
        (("search", "red", "\udcff"), 2, "text: '\\udcff' is no UTF-8"),
        (("search", "--where", "title = \udcff"), 2, "where: 'title = \\udcff' is no UTF-8"),
        (("search", "red", "-c", "none"), 1, "no collection 'none'"),
        (("search", "red", "--where", "price <"), 2, "expected a value"),
        (("search", "red", "--nonsense"), 2, "No such option"),
        (("index",), 2, "Missing argument"),
        (("index", "nowhere"), 1, "nothing at nowhere"),
        (("remove",), 2, "name records"),
        (("remove", "x", "-c", "none"), 1, "no collection"),
        (("info",), 1, "no collection 'default'"),
    ],
)
def test_wrong_use_is_one_line_with_its_exit_code(
    run: Run, arguments: tuple[str, ...], code: int, says: str
) -> None:
    assert says in error_line(run(*arguments), code)


def test_an_empty_folder_and_one_without_pictures_fail(run: Run, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "holds nothing to index" in error_line(run("index", empty), 1)
    (empty / "a.jpg").write_text("x")
    assert "nothing in" in error_line(run("index", empty), 1)


def test_skipped_lists_every_reason(run: Run, photos: Path) -> None:
    (photos / "bad.jpg").write_text("x")
    assert "1 skipped" in run("index", photos).stdout
    skipped = json.loads(run("skipped", "--json").stdout)["skipped"]
    assert [(one["file"], one["code"]) for one in skipped] == [("bad.jpg", "not-a-picture")]


@pytest.mark.slow
def test_remove_takes_records_sources_and_collections_away(run: Run, photos: Path) -> None:
    run("index", photos)
    assert run("remove", "photos/2019/01.jpg").stdout == "removed 1 of 1 record\n"
    assert json.loads(run("index", photos, "--json").stdout)["runs"][0]["added"] == 0
    assert "no record 'photos/2019/01.jpg'" in error_line(run("remove", "photos/2019/01.jpg"), 1)
    assert "its 19 records" in run("remove", "--source", photos).stdout
    assert "--yes" in error_line(run("remove", "--all"), 2)
    assert run("remove", "--all", "--yes").returncode == 0
    assert "no collections" in run("collections").stderr
    assert photos.exists()


def test_info_collections_and_models_tell_what_there_is(run: Run, photos: Path) -> None:
    run("index", photos, "-c", "mine")
    info = json.loads(run("info", "-c", "mine", "--json").stdout)
    assert (info["records"], info["parts"], info["model"]) == (
        20,
        {"image": 20, "text": 0},
        "colour",
    )
    assert info["sources"][0]["indexed"] == 20
    assert "20, exact" in run("info", "-c", "mine").stdout
    assert json.loads(run("collections", "--json").stdout)["collections"][0]["name"] == "mine"
    models = json.loads(run("models", "--json").stdout)["models"]
    assert "ViT-B-16-SigLIP2/webli" in [model["name"] for model in models]


def test_another_model_is_refused_with_the_remedy(run: Run, photos: Path, tmp_path: Path) -> None:
    run("index", photos)
    answer = run("index", photos, "--model", tmp_path / "nowhere")
    assert "no model folder" in error_line(answer, 1)


def test_unknown_variables_and_bad_values_are_named(run: Run) -> None:
    assert "BINOCLE_PROT" in error_line(run("collections", BINOCLE_PROT="1"), 2)
    assert "port" in error_line(run("collections", BINOCLE_PORT="many"), 2)


def test_home_may_stand_before_or_behind_the_command(run: Run, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert str(other) in run("--home", other, "collections").stderr
    assert str(other) in run("collections", "--home", other).stderr


@pytest.mark.slow
@pytest.mark.model
def test_demo_finds_flowers_in_three_languages(run: Run) -> None:
    shown = run("demo", BINOCLE_MODEL="mini")
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    for asked, wanted in (
        ("a red flower in green grass", "red-roses.png"),
        ("草地上的红花", "red-roses.png"),
        ("Frau in blauem Kleid", "woman-blue-dress.png"),
    ):
        at = lines.index(f"$ binocle search {asked} -c demo -k 3")
        assert wanted in " ".join(lines[at + 1 : at + 3])
    assert run("demo", BINOCLE_MODEL="mini").returncode == 0


@pytest.mark.parametrize("background", [False, True])
def test_indexing_makes_way_for_others_where_it_is_asked_to(
    background: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lowered: list[int] = []
    monkeypatch.setattr(os, "nice", lowered.append)
    options = ["--background"] if background else []
    CliRunner().invoke(cli, ["index", str(tmp_path / "nothing"), *options])
    assert lowered == ([19] if background else [])


@pytest.mark.parametrize(
    ("name", "chosen", "holds"),
    [
        ("OMP_WAIT_POLICY", None, "PASSIVE"),
        ("OMP_WAIT_POLICY", "ACTIVE", "ACTIVE"),
        ("OPENBLAS_NUM_THREADS", None, "1"),
        ("OPENBLAS_NUM_THREADS", "2", "2"),
    ],
)
def test_threads_wait_without_spinning_unless_somebody_wants_it(
    name: str, chosen: str | None, holds: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in ("OMP_WAIT_POLICY", "OPENBLAS_NUM_THREADS"):
        monkeypatch.delenv(one, raising=False)
    if chosen:
        monkeypatch.setenv(name, chosen)
    CliRunner().invoke(cli, ["index", str(tmp_path / "nothing")])
    assert os.environ[name] == holds


def test_options_offer_every_kind_of_part() -> None:
    assert tuple(KINDS) == KIND_NAMES


def test_help_imports_nothing_slow() -> None:
    code = "import sys, api.cli.main; print(*set(sys.modules) & set(sys.argv[1].split()))"
    slow = "torch open_clip faiss sqlalchemy numpy PIL rich fastapi pydantic pyarrow"
    shown = subprocess.run(
        [sys.executable, "-c", code, slow], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == ""


def _records_in(catalog: Path) -> int:
    """Count what another process has committed so far."""
    if not catalog.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{catalog}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM records").fetchone()[0])
    except sqlite3.OperationalError:  # its tables are not there yet
        return 0


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_committed_and_ends_with_130(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(600):
        (folder / f"{number:04}.jpg").write_bytes(picture_bytes(number))
    environment = {**os.environ, "BINOCLE_HOME": str(tmp_path / "home"), "BINOCLE_MODEL": "colour"}
    command = [sys.executable, "-m", "api.cli.main", "index", str(folder), "--json"]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    catalog = tmp_path / "home" / "collections" / "default" / "catalog.sqlite"
    deadline = time.monotonic() + 30
    while not _records_in(catalog) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    told = [line for line in stderr.splitlines() if not line.startswith("many: ")]  # progress
    assert len(told) == 1
    assert told[0].startswith("Error: interrupted; what was committed is kept")
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    tally = json.loads(shown.stdout)["runs"][0]
    assert tally["added"] + tally["unchanged"] == 600
    assert tally["unchanged"] > 0


def test_ctrl_c_is_not_kept_waiting_by_threads_that_wait_for_a_network() -> None:
    program = """
import signal, threading
from api.cli import main

def wait(*_):
    threading.Thread(target=threading.Event().wait).start()
    print("begun")
    signal.raise_signal(signal.SIGINT)

main.run = wait
main.main(["index", "."])
"""
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (130, "begun\n")
    assert ended.stderr.startswith("Error: interrupted; what was committed is kept")


def test_a_filter_on_what_no_record_has_is_pointed_out(ask: Run) -> None:
    assert "no record has a field 'prise'" in ask("search", "red", "--where", "prise < 3").stderr
    assert "'width' holds numbers" in ask("search", "red", "--where", "width = wide").stderr
    assert ask("search", "red", "--where", "width > 3").stderr == ""
    assert "no record has a field 'prise'" in ask("search", "red", "--sort", "prise").stderr
    assert "holds texts" in ask("search", "red", "--facet", "folder:numbers").stderr


def test_words_the_colour_model_does_not_know_are_pointed_out(ask: Run) -> None:
    assert "knows colours only" in ask("search", "grandma").stderr


def test_a_collection_being_indexed_is_not_removed(run: Run, photos: Path, tmp_path: Path) -> None:
    run("index", photos)
    lock = tmp_path / "home" / "collections" / "default" / "indexing.lock"
    with FileLock(lock):
        assert "another run is indexing" in error_line(run("remove", "--all", "--yes"), 1)
    assert run("info").returncode == 0


def test_a_taken_port_is_named(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port}" in error_line(run("serve", "--port", port), 2)
    assert "no API keys" in error_line(run("serve", "--host", "0.0.0.0"), 2)


def test_no_command_shows_the_help(run: Run) -> None:
    shown = run()
    assert shown.returncode == 2
    assert "Commands:" in shown.stderr + shown.stdout


def test_a_bucket_is_indexed_like_a_folder(run: Run, store: Buckets) -> None:
    bucket = store.make()
    for number in range(3):
        store.put(bucket, f"shop/{number}.jpg", picture_bytes(number))
    address = f"s3://{bucket}/shop"
    assert f"{address}: 3 added" in run("index", f"{address}/").stdout
    assert "3 unchanged" in run("index", address).stdout
    found = hits(run("search", "red", "--json"))
    assert {one["uri"] for one in found} == {f"{address}/{number}.jpg" for number in range(3)}
    offline = run("index", address, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert f"cannot read {address} (Could not connect" in error_line(offline, 1)
    for command in ("index", "watch"):
        refused = error_line(run(command, f"s3://AKID:s3cr3t@{bucket}/shop"), 2)
        assert f"s3://{bucket}/shop" in refused
        assert "s3cr3t" not in refused
    assert "there is nothing at rs3://x" in error_line(run("index", "rs3://x"), 1)
    assert "its 3 records" in run("remove", "--source", f"{address}/").stdout


def test_a_new_collection_that_nothing_came_into_is_not_left_behind(run: Run, photos: Path) -> None:
    assert "WRONG" in error_line(run("index", photos, "-c", "new", "--model", "WRONG"), 1)
    assert "'new'" in error_line(run("info", "-c", "new"), 1)
    run("index", photos)
    error_line(run("index", photos, "--model", "WRONG"), 1)
    assert run("info").returncode == 0
