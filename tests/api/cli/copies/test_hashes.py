"""``binocle hashes`` and ``binocle lookup --hashes``: lists in and out."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.support.drawings import drawn, encoded
from tests.support.drawn_folder import run


def asked_for(path: Path, seed: int) -> Path:
    path.write_bytes(encoded(drawn(seed).resize((240, 180), Image.Resampling.LANCZOS), "JPEG"))
    return path


def test_what_one_collection_exports_another_without_pictures_knows(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed, suspect = tmp_path / "partner.csv", asked_for(tmp_path / "asked.jpg", 1)
    other = asked_for(tmp_path / "other.jpg", 60)
    elsewhere = ("--home", tmp_path / "elsewhere")
    assert run("hashes", "export", listed, "--home", home) == 0
    assert listed.read_text().splitlines()[0] == "hash,quality,id"
    assert run("hashes", "add", listed, "-c", "known", *elsewhere) == 0
    capsys.readouterr()
    assert run("hashes", "list", "-c", "known", *elsewhere) == 0
    assert capsys.readouterr().out.split("\t")[0] == "partner"
    policy = ("--policy", "block copy 0.5, review hash-match 0.6")
    options = ("-c", "known", *elsewhere, *policy, "--copies-only")
    assert run("lookup", suspect, other, *options, "--json") == 0
    first, second = json.loads(capsys.readouterr().out)["results"]
    assert (first["verdict"], first["action"], first["candidates"]) == ("hash-match", "review", [])
    [match] = first["listed"]
    assert (match["list"], match["label"]) == ("partner", "drawn/1.png")
    assert match["distance"] <= 20
    assert 0.6 <= match["confidence"] < 0.9
    assert (second["verdict"], second["action"], second["listed"]) == ("none", "pass", [])
    assert run("lookup", suspect, *options) == 0
    row = capsys.readouterr().out.rstrip("\n").split("\t")
    assert [row[1], row[3], row[5]] == ["hash-match", "partner: drawn/1.png", "review"]
    assert run("hashes", "remove", "partner", "-c", "known", *elsewhere) == 0
    assert run("lookup", suspect, *options) == 0
    assert capsys.readouterr().out.split("\t")[1] == "none"
    assert run("hashes", "remove", "partner", "-c", "known", *elsewhere) == 1
    assert "there is no hash list 'partner'; there are: none" in capsys.readouterr().err


def test_lists_in_files_are_asked_beside_the_collection(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("hashes", "export", tmp_path / "all.txt", "--plain", "--home", home) == 0
    listed = (tmp_path / "all.txt").read_text().split()
    assert all(len(one) == 64 for one in listed)
    suspect, table = asked_for(tmp_path / "asked.jpg", 1), tmp_path / "found.csv"
    files = ("--hashes", tmp_path / "all.txt")
    capsys.readouterr()
    assert run("lookup", suspect, *files, "--home", home, "--lines", "--csv", table) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "near-duplicate"
    assert [one["list"] for one in found["listed"]] == ["all"]
    assert table.read_text().splitlines()[-1].startswith(f"{suspect},hash-match,")
    (tmp_path / "none.txt").write_text("no hash\n")
    assert run("lookup", suspect, "--hashes", tmp_path / "none.txt", "--home", home) == 2
    assert "the hash list none has no PDQ hash" in capsys.readouterr().err
    assert run("lookup", suspect, "--hashes", tmp_path / "gone.txt", "--home", home) == 1
    assert "cannot read the hash list" in capsys.readouterr().err
    assert run("hashes", "add", tmp_path / "all.txt", "--name", "../x", "--home", home) == 2
    assert "'../x' is no name for a hash list" in capsys.readouterr().err
    assert run("hashes", "add", tmp_path / "none.txt", "-c", "made", "--home", home) == 2
    assert run("hashes", "list", "-c", "made", "--home", home) == 1  # nothing was made for it


def test_a_list_is_asked_where_no_collection_is_but_none_that_was_named(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed, suspect = tmp_path / "all.csv", asked_for(tmp_path / "asked.jpg", 1)
    assert run("hashes", "export", listed, "--home", home) == 0
    capsys.readouterr()
    nowhere = ("--hashes", listed, "--home", tmp_path / "nowhere")
    sheet = tmp_path / "found.html"
    assert run("lookup", suspect, *nowhere, "--sheet", sheet) == 0
    row = capsys.readouterr().out.rstrip("\n").split("\t")
    assert [row[1], row[3]] == ["hash-match", "all: drawn/1.png"]
    told = sheet.read_text()
    assert "The list all has a hash near its own (drawn/1.png)" in told
    assert "0 of them in the-lists, 1 more near a hash of a list" in told
    assert "Not in" not in told
    assert not (tmp_path / "nowhere" / "collections").exists()
    assert run("lookup", suspect, *nowhere, "-c", "knwon") == 1
    assert "no collection 'knwon'" in capsys.readouterr().err
    assert run("lookup", suspect, "--home", tmp_path / "nowhere") == 1


def test_pictures_that_are_gone_are_left_out_of_an_export(
    home: Path, indexed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("hashes", "export", "--home", home) == 0
    before = capsys.readouterr().out.splitlines()
    gone = indexed.parent / "drawn" / "1.png"
    content = gone.read_bytes()
    gone.unlink()
    try:
        assert run("hashes", "export", "--home", home) == 0
    finally:
        gone.write_bytes(content)
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == len(before) - 1
    assert "no hash of drawn/1.png" in err
