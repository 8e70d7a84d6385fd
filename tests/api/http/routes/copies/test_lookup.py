"""Reverse lookup and duplicates through the doors: the command line and HTTP."""

import base64
import csv
import io
import json
import os
import shutil
import subprocess
import tarfile
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from api.cli import main
from api.http.routes import labels
from binocle.errors import PictureError, QueryError, StorageError, UsageError
from binocle_client import Client, ClientError, picture
from binocle_client.requests import LabelsBody, RecordBody
from search.copies.duplicates import DuplicateFinder
from tests.support.drawings import drawn, encoded
from tests.support.service import Running, Serve, problem_of
from tests.support.shop import run_cli


def index_drawn(place: Path) -> Path:
    """Index a folder of four pictures, one of them twice; return the data home."""
    folder = place / "drawn"
    folder.mkdir()
    for seed in range(4):
        (folder / f"{seed}.png").write_bytes(encoded(drawn(seed)))
    (folder / "2-small.jpg").write_bytes(encoded(drawn(2).resize((160, 120)), "JPEG"))
    assert run("--home", place / "home", "index", folder, "--model", "colour") == 0
    return place / "home"


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_drawn(tmp_path_factory.mktemp("indexed"))


@pytest.fixture
def home(indexed: Path, tmp_path: Path) -> Path:
    """A data home with a collection of four pictures, one of them twice."""
    return shutil.copytree(indexed, tmp_path / "home")


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main.main([str(one) for one in arguments])
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


def test_pictures_of_a_folder_are_looked_up_by_their_names_in_it(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "suspects"
    (folder / "more").mkdir(parents=True)
    (folder / "notes.txt").write_text("no picture")
    capsys.readouterr()
    assert run("lookup", folder, "--home", home) == 2
    assert "suspects has no pictures to look up, only 1 other file" in capsys.readouterr().err
    one = encoded(drawn(1).resize((200, 150)), "JPEG")
    (tmp_path / "alone.jpg").write_bytes(one)
    assert run("lookup", folder, tmp_path / "alone.jpg", "--home", home) == 1
    out, err = capsys.readouterr()
    assert [line.split("\t")[1] for line in out.splitlines()] == ["error", "near-duplicate"]
    assert "suspects has no pictures" in err
    (folder / "more" / "one.jpg").write_bytes(one)
    (folder / "two.png").write_bytes(encoded(drawn(60)))
    assert run("lookup", folder, "--home", home, "--copies-only") == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [row[:2] for row in rows] == [
        ["suspects/more/one.jpg", "near-duplicate"],
        ["suspects/two.png", "none"],
    ]
    assert run("lookup", folder, "--home", home, "--copies-only", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert [one["picture"] for one in shown["results"]] == [
        str(folder / "more" / "one.jpg"),
        str(folder / "two.png"),
    ]
    assert [one["file"] for one in shown["left_out"]] == [str(folder / "notes.txt")]


def test_whatever_a_folder_holds_is_looked_up_or_named(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "suspects"
    folder.mkdir()
    os.mkfifo(folder / "a.jpg")
    (folder / "b.png").write_bytes(encoded(drawn(60)))
    for number in range(7):
        (folder / f"{number}.doc").touch()
    capsys.readouterr()
    assert run("lookup", folder, "--home", home, "--copies-only") == 1
    out, err = capsys.readouterr()
    rows = [line.split("\t")[:2] for line in out.splitlines()]
    assert rows == [["suspects/a.jpg", "error"], ["suspects/b.png", "none"]]
    assert "a.jpg: it is not a regular file" in err
    assert "not looked up, being no pictures: 7 files: suspects/0.doc, " in err
    assert "suspects/4.doc and 2 more\n" in err


def test_pipes_and_devices_are_no_pictures_to_ask_for(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    capsys.readouterr()
    for path in (pipe, Path("/dev/zero")):
        for asked in (
            ("lookup", path), ("search", "--image", path), ("label", path, "--labels", "a,b"),
            ("match", "a red square", path),
        ):  # fmt: skip
            assert run(*asked, "--home", home) == 2
            assert "it is not a regular file" in capsys.readouterr().err


def test_pictures_of_any_name_in_folders_and_archives_are_looked_up(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "suspects"
    folder.mkdir()
    (folder / "cache-entry").write_bytes(encoded(drawn(1).resize((160, 120)), "JPEG"))
    (folder / "notes.doc").write_text("no picture")
    (folder / "page.html.bak").write_bytes(encoded(drawn(3)))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    with tarfile.open(tmp_path / "all.tgz", "w:gz") as packed:
        packed.add(folder / "page.html.bak", "in/3.png")
    (tmp_path / "broken.tar").write_bytes(b"no tar" * 300)
    names = ("suspects", "all.zip", "all.tgz", "broken.tar")
    capsys.readouterr()
    assert run("lookup", *(tmp_path / one for one in names), "--home", home, "--copies-only") == 1
    out, err = capsys.readouterr()
    found = {row.split("\t")[0]: row.split("\t")[1] for row in out.splitlines()}
    assert found == {
        "suspects/cache-entry": "near-duplicate",
        "suspects/page.html.bak": "same-file",
        "all.zip/cache-entry": "near-duplicate",
        "all.zip/page.html.bak": "same-file",
        "all.tgz/in/3.png": "same-file",
        "broken.tar": "error",
    }
    assert "2 files: suspects/notes.doc, all.zip/notes.doc" in err


def test_a_table_and_an_overlay_show_where_the_query_shows_what(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    framed = Image.new("RGB", (640, 480), (250, 250, 250))
    framed.paste(drawn(1), (320, 240))  # the right lower quarter
    asked, table, shown = (tmp_path / one for one in ("=asked.png", "found.csv", "match.png"))
    asked.write_bytes(encoded(framed))
    (tmp_path / "other.png").write_bytes(encoded(drawn(50)))
    options = ("--home", home, "--copies-only", "--csv", table)
    assert run("lookup", asked, *options, "--overlay", shown, "--policy", "block copy 0.5") == 0
    with table.open(newline="") as file:
        [row] = csv.DictReader(file)
    assert row["picture"] == str(asked)
    assert (row["id"], row["action"], row["mirrored"]) == ("drawn/1.png", "block", "no")
    region = [float(row[f"query_{side}"]) for side in "xywh"]
    assert region == pytest.approx([0.5, 0.5, 0.5, 0.5], abs=0.02)
    assert Image.open(io.BytesIO(shown.read_bytes())).size == (3 * 480 + 2 * 8, 360)
    shown.unlink()
    assert run("lookup", tmp_path / "other.png", *options, "--overlay", shown) == 0
    assert "nothing matches" in capsys.readouterr().err
    assert not shown.exists()
    (tmp_path / "bad.png").write_text("no picture")
    assert run("lookup", tmp_path / "bad.png", tmp_path / "other.png", *options) == 1
    with table.open(newline="") as file:
        assert [one["verdict"] for one in csv.DictReader(file)] == ["error", "none"]
    with pytest.raises(UsageError, match="--overlay shows one picture, and these are 2"):
        run_cli(home, "lookup", asked, asked, "--overlay", shown)


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_looked_up_all_over_it(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], file_format: str
) -> None:
    asked = tmp_path / "asked"
    frames = [drawn(seed) for seed in (50, 51, 52, 1, 53)]
    frames[0].save(asked, file_format, save_all=True, append_images=frames[1:])
    capsys.readouterr()
    assert run("lookup", asked, "--home", home, "--copies-only", "--json") == 0
    [result] = json.loads(capsys.readouterr().out)["results"]
    assert (result["candidates"][0]["id"], result["moment"]) == ("drawn/1.png", 0.75)
    frames[0].save(asked, file_format, save_all=True, append_images=frames[1:3])
    assert run("lookup", asked, "--home", home, "--copies-only", "--json") == 0
    [result] = json.loads(capsys.readouterr().out)["results"]
    assert (result["verdict"], result["moment"]) == ("none", 0.0)


def test_a_picture_with_too_many_pixels_is_refused_with_the_option_that_lets_it_in(
    home: Path, tmp_path: Path
) -> None:
    asked = tmp_path / "asked.png"
    asked.write_bytes(encoded(drawn(1)))
    with pytest.raises(PictureError, match="--max-pixels"):
        run_cli(home, "lookup", asked, "--max-pixels", "1000")
    assert run("lookup", asked, "--home", home, "--max-pixels", "1000000") == 0


def test_a_broken_picture_among_others_is_marked_and_the_others_are_looked_up(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked, broken, missing = (tmp_path / f"{one}.png" for one in ("asked", "broken", "missing"))
    asked.write_bytes(encoded(drawn(1)))
    broken.write_text("no picture")
    capsys.readouterr()
    assert run("lookup", asked, broken, missing, asked, "--home", home) == 1
    out, err = capsys.readouterr()
    assert [line.split("\t")[:2] for line in out.splitlines()] == [
        ["asked.png", "same-file"],
        ["broken.png", "error"],
        ["missing.png", "error"],
        ["asked.png", "same-file"],
    ]
    assert [line.split(" (")[0].split(": ")[0] for line in err.splitlines()] == ["Error"] * 2
    assert str(broken) in err
    assert str(missing) in err
    assert run("lookup", asked, broken, "--home", home, "--json") == 1
    good, bad = json.loads(capsys.readouterr().out)["results"]
    assert good["verdict"] == "same-file"
    assert bad.keys() == {"picture", "error"}


@pytest.mark.parametrize("option", ["--csv", "--report"])
def test_duplicates_refuse_a_file_that_cannot_be_written_before_they_begin(
    home: Path, tmp_path: Path, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DuplicateFinder, "find", lambda _self: pytest.fail("the work began"))
    for path, words in ((tmp_path / "nodir" / "x", "no folder"), (tmp_path, "a folder")):
        with pytest.raises(StorageError, match=f"cannot write {path} .*{words}"):
            run_cli(home, "duplicates", option, path)


def test_pictures_that_were_moved_are_counted_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, folder, page = index_drawn(tmp_path), tmp_path / "drawn", tmp_path / "report.html"
    assert folder.is_dir()
    asked = tmp_path / "asked.jpg"
    asked.write_bytes(encoded(drawn(2).resize((200, 150)), "JPEG"))
    folder.rename(tmp_path / "moved")
    capsys.readouterr()
    assert run("duplicates", "--home", home, "--report", page) == 0
    assert "2 pictures could not be read" in capsys.readouterr().err
    assert "2 pictures could not be read" in page.read_text()
    assert run("duplicates", "--home", home, "--json") == 0
    assert json.loads(capsys.readouterr().out)["unreadable"] == 2
    assert run("lookup", asked, "--home", home, "--copies-only") == 0
    assert "could not be read" in capsys.readouterr().err
    assert run("lookup", asked, "--home", home, "--copies-only", "--json") == 0
    [result] = json.loads(capsys.readouterr().out)["results"]
    assert (result["verdict"], result["verified"]) == ("none", 0)
    assert result["unreadable"] >= 2


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
    assert [(one["keep"], one["verdict"], one["id"]) for one in rows] == [
        ("yes", "keep", "drawn/2.png"),
        ("no", "near-duplicate", "drawn/2-small.jpg"),
    ]
    assert [one["why"] for one in rows] == ["of the others 1 fewer pixels", "fewer pixels"]
    text = page.read_text()
    assert text.count("data:image/webp;base64,") == 2
    assert "http" not in text.replace("<!doctype html>", "")


def test_a_picture_from_standard_input_is_looked_up_and_a_policy_says_what_to_do(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = encoded(drawn(1).resize((240, 180)), "JPEG")
    for policy, action in (("block near-duplicate 0.6", "block"), ("block part 0.6", "pass")):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(asked)))
        capsys.readouterr()
        options = ("--home", home, "--copies-only", "--policy", policy)
        assert run("lookup", "-", *options, "--lines") == 0
        [line] = capsys.readouterr().out.splitlines()
        answer = json.loads(line)
        assert (answer["picture"], answer["verdict"]) == ("-", "near-duplicate")
        assert answer["action"] == action
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(asked)))
        assert run("lookup", "-", *options) == 0
        [row] = capsys.readouterr().out.splitlines()
        assert row.split("\t")[::5] == ["-", action]


def test_lines_come_one_a_picture_and_what_cannot_be_read_costs_its_line(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "good.png").write_bytes(encoded(drawn(1)))
    (tmp_path / "bad.png").write_bytes(b"no picture")
    capsys.readouterr()
    pictures = (tmp_path / "bad.png", tmp_path / "good.png")
    assert run("lookup", *pictures, "--home", home, "--copies-only", "--lines") == 1
    bad, good = map(json.loads, capsys.readouterr().out.splitlines())
    assert bad.keys() == {"picture", "error"}
    assert good["verdict"] == "same-file"
    with pytest.raises(QueryError, match="the rule 'block' is not"):
        run_cli(home, "lookup", pictures[1], "--policy", "block")


def test_a_script_of_moves_moves_what_is_not_kept_when_it_is_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, script, away = index_drawn(tmp_path), tmp_path / "moves.sh", tmp_path / "it's away"
    folder = tmp_path / "drawn"
    shutil.copy(folder / "1.png", folder / "again.png")
    assert run("index", folder, "--home", home) == 0
    options = ("--home", home, "--moves", script, "--moves-to", away)
    assert run("duplicates", *options, "--exact-only") == 0
    assert script.read_text().count("\nmv -n ") == 1
    assert run("duplicates", *options) == 0
    assert (folder / "2-small.jpg").exists()
    assert "to keep; nothing was removed" in capsys.readouterr().err
    subprocess.run(["sh", script], check=True)
    assert {one.name.partition("-")[2] for one in away.iterdir()} == {"again.png", "2-small.jpg"}
    assert not (folder / "2-small.jpg").exists()
    assert (folder / "1.png").exists()


def test_a_file_that_records_share_is_not_moved_from_the_one_that_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, script, table = tmp_path / "all", tmp_path / "moves.sh", tmp_path / "report.csv"
    folder.mkdir()
    odd = folder / os.fsdecode(b"odd \xff.png")
    for place in (folder / "1.png", odd, folder / "gone.png"):
        place.write_bytes(encoded(drawn(1)))
    (folder / "2.png").write_bytes(encoded(drawn(2)))
    lines = "".join(f"row{one},{one}.png\n" for one in (1, 1, 2))
    (folder / "rows.csv").write_text(f"id,image\n{lines}other,1.png\n")
    for source in (folder, folder / "rows.csv"):
        assert run("index", source, "--model", "colour", "--home", tmp_path / "home") == 0
    moves = ("--moves", script, "--moves-to", tmp_path / "away")
    capsys.readouterr()
    assert run("duplicates", "--home", tmp_path / "home", *moves, "--csv", table) == 0
    assert f"{2 * odd.stat().st_size / 1000:.0f} kB beside" in capsys.readouterr().err
    with table.open(newline="") as file:
        rows = [(Path(one["uri"]).name, one["keep"]) for one in csv.DictReader(file)]
    assert [keeps for name, keeps in rows if name in ("1.png", "2.png")] == ["yes"] * 5
    (folder / "gone.png").unlink()
    for _ in range(2):  # what is not there any more keeps nothing else from being moved
        assert subprocess.run(["sh", script], check=False, capture_output=True).returncode == 1
    assert [one.name.partition("-")[2] for one in (tmp_path / "away").iterdir()] == [odd.name]
    assert (folder / "1.png").exists()
    assert (folder / "2.png").exists()


def test_no_cell_of_a_written_table_is_a_formula(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "1.png").write_bytes(encoded(drawn(1)))
    ids = ["=1+1", "+1", "-1", "@SUM(A1)", "a=1"]
    lines = "".join(f"{one},1.png\n" for one in ids)
    (tmp_path / "same.csv").write_text(f"id,image\n{lines}")
    home, table = tmp_path / "home", tmp_path / "report.csv"
    assert run("index", tmp_path / "same.csv", "--model", "colour", "--home", home) == 0
    assert run("duplicates", "--home", home, "--csv", table) == 0
    with table.open(newline="") as file:
        written = {one["id"] for one in csv.DictReader(file)}
    assert written == {"'=1+1", "'+1", "'-1", "'@SUM(A1)", "a=1"}


def test_lookup_over_http_by_base64_and_form(service: Running, client: Client, name: str) -> None:
    pictures = [picture(encoded(drawn(seed))) for seed in range(3)]
    records = [RecordBody(id=f"d{seed}", images=[one]) for seed, one in enumerate(pictures)]
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


def test_a_match_is_drawn_as_a_picture_and_where_there_is_none_that_is_said(
    service: Running, client: Client, name: str
) -> None:
    assert client.store(name, [RecordBody(id="a", images=[picture(encoded(drawn(1)))])]).failed == 0
    path = f"/v1/collections/{name}/lookup/overlay"
    cut = encoded(drawn(1).crop((60, 40, 240, 180)))
    answer = service.http().post(path, json={"image": base64.b64encode(cut).decode()})
    assert answer.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(answer.content)).size == (3 * 480 + 2 * 8, 373)
    other = {"image": base64.b64encode(encoded(drawn(50))).decode(), "copies_only": True}
    problem_of(service.http().post(path, json=other), 404, "not-found")


@pytest.mark.parametrize(
    "body",
    [{}, {"image": "####"}, {"image": base64.b64encode(b"no picture").decode()},
     {"image": "AAAA", "limit": 0}, {"image": "AAAA", "colour": 1}],
)  # fmt: skip
def test_bad_lookups_are_refused(
    service: Running, client: Client, name: str, body: dict[str, object]
) -> None:
    assert client.store(name, [RecordBody(id="a", images=[picture(encoded(drawn(1)))])]).failed == 0
    answer = service.http().post(f"/v1/collections/{name}/lookup", json=body)
    assert answer.status_code == 422
    assert answer.json()["code"]


@pytest.fixture
def doubled(client: Client, name: str) -> str:
    """Four pictures, two of them also as a copy."""
    pictures = {f"d{seed}": encoded(drawn(seed)) for seed in range(4)}
    pictures["d0-small"] = encoded(drawn(0).resize((160, 120)), "JPEG")
    pictures["d1-mirrored"] = encoded(ImageOps.mirror(drawn(1)))
    pictures["d1-again"] = pictures["d1"]
    records = [RecordBody(id=one, images=[picture(data)]) for one, data in pictures.items()]
    assert client.store(name, records).failed == 0
    return name


def test_duplicates_over_http_are_those_of_the_command(
    service: Running, client: Client, doubled: str, capsys: pytest.CaptureFixture[str]
) -> None:
    job = client.wait_for_job(doubled, client.start_duplicates(doubled).id)
    assert (job.kind, job.state, job.counts) == (
        "duplicates",
        "done",
        {"clusters": 2, "copies": 3, "unreadable": 0, "crowded": 0},
    )
    assert job.done == job.total > 0
    found = client.duplicates(doubled, job.id)
    assert (found.total, found.pictures, found.unprepared, found.unreadable) == (2, 7, 0, 0)
    capsys.readouterr()
    assert run("duplicates", "--home", service.home, "-c", doubled, "--json") == 0
    by_command = json.loads(capsys.readouterr().out)["clusters"]
    assert [
        [(one.id, one.verdict, one.confidence) for one in (cluster.keep, *cluster.others)]
        for cluster in found.clusters
    ] == [
        [(one["record_id"], one["verdict"], one["confidence"])
         for one in (cluster["keep"], *cluster["others"])]
        for cluster in by_command
    ]  # fmt: skip
    assert service.http().get(found.clusters[0].keep.thumbnail).status_code == 200
    assert client.collection(doubled).parts["image"] == 7


def test_duplicates_are_read_by_the_page_as_a_table_and_as_a_report(
    client: Client, doubled: str
) -> None:
    job = client.wait_for_job(doubled, client.start_duplicates(doubled).id)
    whole = client.duplicates(doubled, job.id).clusters
    paged = [client.duplicates(doubled, job.id, first=n, limit=1).clusters for n in range(3)]
    assert paged == [whole[:1], whole[1:], []]
    rows = list(csv.DictReader(io.StringIO(client.duplicates_csv(doubled, job.id))))
    assert [one["keep"] for one in rows] == ["yes", "no", "no", "yes", "no"]
    assert not any(one["uri"].startswith("/") for one in rows)
    page = client.duplicates_report(doubled, job.id)
    assert page.count(b"data:image/webp;base64,") == 5


def test_result_of_a_job_that_is_not_done_or_another_kind_is_refused(
    service: Running, client: Client, doubled: str
) -> None:
    http = service.http()
    base = f"/v1/collections/{doubled}"
    jobs = [client.start_duplicates(doubled) for _ in range(3)]
    problem_of(http.get(f"{base}/duplicates/{jobs[-1].id}"), 409, "not-done")
    client.cancel_job(doubled, jobs[-1].id)
    assert client.wait_for_job(doubled, jobs[-1].id).state == "cancelled"
    problem_of(http.get(f"{base}/duplicates/{jobs[-1].id}/csv"), 409, "not-done")
    problem_of(http.get(f"{base}/duplicates/nothing"), 404, "not-found")
    client.wait_for_job(doubled, jobs[0].id)
    problem_of(http.get(f"{base}/labels/jobs/{jobs[0].id}"), 404, "not-found")


def test_finding_duplicates_takes_a_key_that_may_write(serve: Serve) -> None:
    service = serve()
    reader, writer = (
        service.keys.add("reader", "read", None),
        service.keys.add("writer", "write", None),
    )
    service.client(writer).put_collection("c")
    with pytest.raises(ClientError, match="may not write"):
        service.client(reader).start_duplicates("c")
    job = service.client(writer).start_duplicates("c")
    service.client(writer).wait_for_job("c", job.id)
    assert service.client(reader).duplicates("c", job.id).clusters == []


def test_client_looks_up(client: Client, doubled: str) -> None:
    found = client.lookup(doubled, encoded(drawn(2).rotate(90, expand=True)), copies_only=True)
    assert (found.verdict, found.candidates[0].id) == ("rotated", "d2")


def test_labels_of_many_records_are_written_by_a_job(
    client: Client, doubled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = LabelsBody(labels=["red", "blue"], write="colour", force=True)
    monkeypatch.setattr(labels, "_WRITTEN_IN_A_REQUEST", 6)
    with pytest.raises(ClientError, match="labels/jobs"):
        client.label(doubled, **asked)
    job = client.wait_for_job(doubled, client.start_labelling(doubled, **asked).id)
    assert (job.kind, job.state, job.done, job.total) == ("labels", "done", 7, 7)
    assert job.counts == {"none": 0, "written": 7}
    found = client.labels_of_job(doubled, job.id)
    assert found.written == 7
    assert sum(found.counts.values()) == 7
    again = client.label(doubled, labels=["red", "blue"], force=True)
    assert again.counts == found.counts
    assert {one.id: one.label for one in again.items} == {
        one.id: client.record(doubled, one.id or "").metadata["colour"] for one in found.items
    }


def test_many_lookups_at_once_agree_and_share_one_index(
    service: Running, client: Client, doubled: str
) -> None:
    asked = [encoded(ImageOps.mirror(drawn(seed))) for seed in (0, 2, 3)] * 4
    before = threading.active_count()

    def ask(data: bytes) -> tuple[str, str]:
        with Client(service.url) as own:
            found = own.lookup(doubled, data, copies_only=True)
        return found.verdict, found.candidates[0].id

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(ask, asked))
    assert answers == [("mirrored", f"d{seed}") for seed in (0, 2, 3)] * 4
    assert threading.active_count() <= before + 12  # pools of the service, which stay
