"""What people are told of how well hits fit, and how it looks on a terminal."""

import json
import os
import pty
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from binocle_client import Client
from tests.support import picture_bytes
from tests.support.command_line import CommandLine
from tests.support.service import Running, running
from tests.support.shop import NAME, Shop, run_cli


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Two hundred pictures: enough to tell what a cosine means."""
    folder = tmp_path_factory.mktemp("album")
    for number in range(200):
        (folder / f"{number:03}.jpg").write_bytes(picture_bytes(number))
    Image.new("RGB", (60, 60), (255, 0, 255)).save(folder.parent / "elsewhere.png")
    code, _, err = run_cli(folder.parent / "album-home", "index", folder)
    assert code == 0, err
    with running(folder.parent / "album-home") as service:
        yield service


@pytest.fixture
def known(album: Running) -> Path:
    return next(album.home.parent.glob("album*/005.jpg"))


@pytest.fixture
def unknown(album: Running) -> Path:
    return album.home.parent / "elsewhere.png"


def asked(service: Running, picture: Path, **options: Any) -> Any:
    client: Client = service.client()
    return client.search_image("default", picture.read_bytes(), **options)


def test_known_picture_is_relevant_and_another_is_no_match(
    album: Running, known: Path, unknown: Path
) -> None:
    found = asked(album, known)
    assert not found.no_match
    assert found.hits[0].id.endswith("005.jpg")
    relevances = [hit.relevance for hit in found.hits]
    assert relevances[0] > 0.5
    assert relevances == sorted(relevances, reverse=True)
    assert all(0 <= one <= 1 for one in relevances)
    none = asked(album, unknown)
    assert none.no_match
    assert len(none.hits) == 10
    assert all(hit.relevance < 0.5 for hit in none.hits)


def test_command_says_so_in_percent_and_in_words(
    album: Running, known: Path, unknown: Path
) -> None:
    _, out, err = run_cli(album.home, "search", "--image", known, "-k", 1)
    relevance = asked(album, known).hits[0].relevance
    assert out.startswith(f"{100 * relevance:.0f} %\t")
    assert err == ""
    _, out, err = run_cli(album.home, "search", "--image", unknown, "-k", 3)
    assert err == "nothing fits well; nearest are:\n"
    assert out.count("\n") == 3
    _, out, err = run_cli(album.home, "search", "--image", unknown, "--min-relevance", "auto")
    assert (out, err) == ("", "nothing fits\n")


def test_cut_leaves_out_what_is_below_it(album: Running, known: Path, unknown: Path) -> None:
    every = [hit.relevance for hit in asked(album, known, limit=200).hits]
    cut = asked(album, known, limit=200, min_relevance=0.2)
    assert [hit.relevance for hit in cut.hits] == pytest.approx(
        [one for one in every if one >= 0.2]
    )
    assert cut.relevant == len(cut.hits) > 1
    assert asked(album, unknown, min_relevance="auto").hits == []
    assert asked(album, unknown, min_relevance="auto").no_match


_END = b"\0"  # after what a command shows


def on_terminal(warm: CommandLine, home: Path, *arguments: object) -> str:
    """Return what a command shows on a terminal, without its colours."""
    ours, theirs = pty.openpty()
    environment = {
        **os.environ, "BINOCLE_HOME": str(home), "BINOCLE_MODEL": "colour", "COLUMNS": "200",
        "TERM": "dumb", "NO_COLOR": "1",
    }  # fmt: skip
    shown: list[bytes] = []

    def read() -> None:
        while piece := os.read(ours, 65536):
            shown.append(piece)
            if piece.endswith(_END):
                return

    reader = threading.Thread(target=read)
    reader.start()
    code = warm.run_on(os.ttyname(theirs), [*map(str, arguments)], environment)
    os.write(theirs, _END)
    reader.join()
    os.close(theirs)
    os.close(ours)
    text = b"".join(shown).removesuffix(_END).decode()
    assert code == 0, text
    return text


def test_terminal_tells_that_more_are_shown_than_fit(
    warm: CommandLine, album: Running, known: Path, unknown: Path
) -> None:
    def told(picture: Path, limit: int) -> str:
        typed = ("search", "--image", picture, "--facet", "format", "-k", limit)
        found = re.search(r"\d+ (?:of|fits?\b).* shown", on_terminal(warm, album.home, *typed))
        assert found is not None
        return found[0]

    assert told(unknown, 4) == "0 fit; 4 nearest shown"
    fit = asked(album, known, min_relevance="auto", limit=200).relevant
    assert fit is not None
    assert told(known, 2) == f"2 of {fit} shown"


def test_terminal_tells_how_a_refinement_was_read(warm: CommandLine, shop: Shop) -> None:
    turn = shop.typed("red shoes", "-k", 50, "--where", "price < 150")["turn"]
    asked = ("search", "-c", NAME, "--refine", turn, "blue instead of red")
    lines = [line.strip() for line in on_terminal(warm, shop.service.home, *asked).splitlines()]
    line = "looking for: blue shoes; where price < 150"
    assert lines[0] == line
    code, out, err = run_cli(shop.service.home, *asked)
    assert (code, line in out + err) == (0, False)  # in a pipe are only hits
    typed = shop.typed("--refine", turn, "blue instead of red")
    linked = shop.linked({"refine": turn, "q": "blue instead of red"})
    assert f"looking for: {typed['looking_for']}" == line
    assert linked["looking_for"] == typed["looking_for"]


def test_cosine_is_not_shown_where_fused_ranks_order_hits_without_a_relevance(
    tmp_path: Path,
) -> None:
    rows = [{"id": f"r{n}", "title": f"{text} thing"} for n, text in enumerate(("red", "blue"))]
    table = tmp_path / "few.jsonl"
    table.write_text("\n".join(map(json.dumps, rows)))
    home = tmp_path / "home"
    assert run_cli(home, "index", table, "-c", "few", "--text-column", "title")[0] == 0

    def shown(*options: str) -> list[str]:
        _, out, _ = run_cli(home, "search", "-c", "few", "red thing", *options)
        return [line.split("\t")[0] for line in out.splitlines()]

    assert shown("--mode", "hybrid", "--target", "text") == ["–", "–"]
    alone = [float(one) for one in shown("--mode", "semantic", "--target", "text")]
    assert alone == sorted(alone, reverse=True)


def test_terminal_shows_facets_as_bars_and_how_to_go_on(warm: CommandLine, shop: Shop) -> None:
    shown = on_terminal(
        warm, shop.service.home, "search", "-c", NAME, "red", "-k", 3, "--sort", "-price",
        "--facet", "color", "--facet", "price:numbers:4", "--group-by", "style:2", "--tokens",
    )  # fmt: skip
    lines = [line.strip() for line in shown.splitlines()]
    header = next(line for line in lines if "record" in line)
    assert [word for word in ("style", "price", "found") if word in header] == [
        "style", "price", "found",
    ]  # fmt: skip
    assert any(line.startswith("Red") and line.endswith("█") for line in lines)
    bars = [line.count("█") for line in lines if " – " in line and "█" in line]
    assert max(bars) == 24
    assert "--cursor" in shown
    assert "--refine" in shown
    assert "3 of " in shown
