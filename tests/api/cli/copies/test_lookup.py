"""``binocle lookup``: pictures, folders, archives, animations and standard input."""

import csv
import io
import json
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from api.operations.copies import FrameLookup
from binocle.errors import PictureError, QueryError, UsageError
from search.copies.lookup_candidates import LookupAnswer
from tests.support.drawings import drawn, encoded
from tests.support.drawn_folder import run
from tests.support.shop import run_cli


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
    for option, name in (("--overlay", "match.jpg"), ("--sheet", "found.txt")):
        assert run("lookup", tmp_path / "text.jpg", "--home", home, option, tmp_path / name) == 1
        assert f"cannot write {tmp_path / name} (what is" in capsys.readouterr().err
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


class Interrupted(BaseException):
    """Ctrl-C."""


def test_a_table_has_what_was_looked_up_before_an_interrupt(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(encoded(drawn(number)))
    find = FrameLookup.find

    def interrupted(self: FrameLookup, data: bytes, *, limit: int) -> LookupAnswer:
        if data == (tmp_path / "2.png").read_bytes():
            raise Interrupted
        return find(self, data, limit=limit)

    monkeypatch.setattr(FrameLookup, "find", interrupted)
    table = tmp_path / "found.csv"
    asked = [tmp_path / f"{number}.png" for number in range(3)]
    with pytest.raises(Interrupted):
        run_cli(home, "lookup", *asked, "--copies-only", "--csv", table)
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {one["picture"] for one in rows} == set(map(str, asked[:2]))


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
