"""``binocle duplicates``: what is written of them, and the script that moves them."""

import csv
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from binocle.errors import StorageError, UsageError
from search.copies.duplicates import DuplicateFinder
from tests.support.drawings import drawn, encoded
from tests.support.drawn_folder import index_drawn, run
from tests.support.shop import run_cli


@pytest.mark.parametrize("option", ["--csv", "--report"])
def test_duplicates_refuse_a_file_that_cannot_be_written_before_they_begin(
    home: Path, tmp_path: Path, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DuplicateFinder, "find", lambda _self: pytest.fail("the work began"))
    for path, words in ((tmp_path / "nodir" / "x", "no folder"), (tmp_path, "a folder")):
        with pytest.raises(StorageError, match=f"cannot write {path} .*{words}"):
            run_cli(home, "duplicates", option, path)


def test_duplicates_refuse_what_they_would_pass_over(home: Path, tmp_path: Path) -> None:
    for arguments, words in (
        (("drawn",), "those of a collection, not of drawn; index it first: binocle index drawn"),
        (("kept",), r"\(where it is a collection: binocle duplicates -c kept\)"),
        (("--exact-only",), "--exact-only is about the script of moves"),
        (("--moves-to", tmp_path), "--moves-to is about the script of moves"),
    ):
        with pytest.raises(UsageError, match=words):
            run_cli(home, "duplicates", *arguments)
    with pytest.raises(StorageError, match=r"page.txt \(what is written there is a .html file"):
        run_cli(home, "duplicates", "--sheet", tmp_path / "page.txt")


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
    assert (result["verdict"], result["verified"]) == ("hash-match", 0)
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
    assert "://" not in text
    assert "<script" not in text


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
