"""``binocle eval`` from the command line to the files it writes."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from api.cli.main import cli
from binocle.errors import BinocleError, UsageError
from tests.support import SHARED
from tests.support.command_line import CommandLine

Ask = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("BINOCLE")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BINOCLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BINOCLE_WORKERS", "1")
    monkeypatch.setenv("BINOCLE_MODEL", "colour")
    return tmp_path / "home"


@pytest.fixture
def ask() -> Ask:
    """Run ``binocle eval`` with few draws and return its JSON."""

    def ask(*arguments: object) -> dict[str, Any]:
        shown = CliRunner().invoke(
            cli,
            ["eval", *map(str, arguments), "--json", "-", "--resamples", "50"],
            obj=SHARED,
            catch_exceptions=False,
        )
        found: dict[str, Any] = json.loads(shown.stdout)
        return found

    return ask


def refusal(*arguments: object) -> BinocleError:
    error = CliRunner().invoke(cli, ["eval", *map(str, arguments)], obj=SHARED).exception
    assert isinstance(error, BinocleError), error
    return error


def measures(found: dict[str, Any], section: str, model: int = 0) -> dict[str, float]:
    told = found["models"][model]["sections"][section]["measures"]
    return {name: one["value"] for name, one in told.items()}


def test_the_command_prints_tables_and_writes_every_file(
    warm: CommandLine, squares: Path, tmp_path: Path
) -> None:
    names = ("figures.json", "page.md", "curve.png")
    options = zip(("--json", "--markdown", "--plot"), names, strict=True)
    written = [word for option, name in options for word in (option, str(tmp_path / name))]
    asked = ["eval", str(squares), "--resamples", "100", *written]
    shown = warm.run(asked, os.environ)
    assert shown.returncode == 0, shown.stderr
    assert "text → image: 12 queries, 6 candidates" in shown.stdout
    assert "recall@1\t100.0 % (100.0 to 100.0)" in shown.stdout
    assert "knows colours only" in shown.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert measures(figures, "text → image")["recall@1"] == 1
    assert figures["facts"]["pictures"] == 6
    assert figures["facts"]["text columns"] == "caption"
    assert len(figures["models"][0]["sections"]["image → text"]["curve"]) == 12
    page = (tmp_path / "page.md").read_text()
    assert "| recall@1 | 100.0 % (100.0 to 100.0) |" in page
    with Image.open(tmp_path / "curve.png") as plot:
        assert plot.size[0] > 800
        assert len(plot.convert("RGB").getcolors(1 << 24) or []) > 20


def test_an_error_is_one_line_and_exit_code_1(warm: CommandLine, tmp_path: Path) -> None:
    shown = warm.run(["eval", str(tmp_path / "nowhere.csv")], os.environ)
    assert shown.returncode == 1
    assert shown.stderr.startswith("Error: cannot read")
    assert shown.stderr.count("\n") == 1


def test_right_captions_beat_swapped_ones(squares: Path, ask: Ask) -> None:
    text = squares.read_text()
    swapped = squares.with_name("swapped.csv")
    swapped.write_text(
        text.replace(",red", ",kept").replace(",blue", ",red").replace(",kept", ",blue")
    )
    right, wrong = (measures(ask(one), "text → image") for one in (squares, swapped))
    assert right["MRR"] == 1
    assert wrong["recall@1"] == pytest.approx(10 / 12)


def test_words_without_colours_get_the_last_rank_and_a_note(squares: Path, ask: Ask) -> None:
    with squares.open("a") as file:
        file.write("squares/red.png,grandma\n")
    found = ask(squares)
    assert found["models"][0]["sections"]["text → image"]["tied"] == pytest.approx(1 / 13)
    assert measures(found, "text → image")["MRR"] == pytest.approx((12 + 1 / 6) / 13)
    assert any("exactly like a wrong one" in note for note in found["notes"])


def test_a_text_of_two_pictures_finds_either(squares: Path, ask: Ask) -> None:
    Image.new("RGB", (40, 30), (150, 15, 20)).save(squares.parent / "squares" / "dark.png")
    with squares.open("a") as file:
        file.write("squares/dark.png,RED\n")
    found = ask(squares)
    assert found["facts"] | {"texts": 12, "pairs": 13} == found["facts"]
    assert measures(found, "text → image")["nDCG@10"] > 0.9


def test_a_copy_of_a_picture_is_the_same_picture(squares: Path, ask: Ask) -> None:
    folder = squares.parent / "squares"
    (folder / "copy.png").write_bytes((folder / "red.png").read_bytes())
    with squares.open("a") as file:
        file.write("squares/copy.png,crimson\n")
    found = ask(squares)
    assert found["facts"]["pictures"] == 6
    assert found["models"][0]["sections"]["text → image"]["tied"] == 0


def test_unreadable_pictures_are_left_out_and_named(squares: Path, ask: Ask) -> None:
    (squares.parent / "squares" / "red.png").write_text("no picture")
    (squares.parent / "squares" / "blue.png").unlink()
    found = ask(squares)
    assert found["facts"] | {"pictures": 4, "skipped pictures": 2} == found["facts"]
    assert {one["code"] for one in found["skipped"]} == {"not-a-picture", "missing"}
    assert found["models"][0]["sections"]["text → image"]["queries"] == 8


@pytest.mark.model
def test_two_models_are_compared_and_the_better_one_is_named(
    squares: Path, ask: Ask, random_model: Path
) -> None:
    found = ask(squares, "--model", random_model, "--model", "colour")
    assert [one["model"] for one in found["models"]] == [str(random_model), "colour"]
    assert len(found["differences"]) == 14
    recall = found["differences"][0]
    assert recall["measure"] == "recall@1"
    first, second = (measures(found, "text → image", model)["recall@1"] for model in (0, 1))
    assert recall["value"] == pytest.approx(second - first)
    assert recall["better"] == "colour"


def test_labels_are_measured_on_folders(labelled: Path, ask: Ask) -> None:
    found = ask("--labels", labelled, "--template", "a {} thing", "--template", "{}")
    assert measures(found, "zero-shot") == {
        "top-1 accuracy": 1.0,
        "top-5 accuracy": 1.0,
        "mean per-class recall": 1.0,
    }
    assert found["facts"]["templates"] == "a {} thing | {}"
    for before, after in (("Red", "kept"), ("Blue", "Red"), ("kept", "Blue")):
        (labelled / f"{before}_Square").rename(labelled / f"{after}_Square")
    found = ask("--labels", labelled)
    assert measures(found, "zero-shot")["top-1 accuracy"] == pytest.approx(12 / 18)
    assert {"label": "red square", "taken_for": "blue square", "count": 3} in (
        found["models"][0]["sections"]["zero-shot"]["confusions"]
    )


def index(*arguments: object) -> None:
    done = CliRunner().invoke(
        cli, ["index", *map(str, arguments)], obj=SHARED, catch_exceptions=False
    )
    assert done.exit_code == 0, done.output


def test_a_collection_is_asked_with_all_it_holds(squares: Path, ask: Ask, tmp_path: Path) -> None:
    more = tmp_path / "more"
    more.mkdir()
    for number in range(8):
        Image.new("RGB", (40, 30), (210, 20 + number, 30)).save(more / f"{number}.png")
    index(squares.parent / "squares", "-c", "here")
    alone = ask(squares, "-c", "here")
    assert measures(alone, "text → image")["recall@1"] == 1
    assert alone["facts"]["pictures in the collection"] == 6
    index(more, "-c", "here")
    among = ask(squares, "-c", "here")
    assert among["facts"]["pictures in the collection"] == 14
    # eight pictures as red as the right one stand before it, for two of twelve captions
    assert measures(among, "text → image")["recall@1"] == pytest.approx(10 / 12)
    assert measures(among, "text → image")["recall@10"] == 1
    assert measures(among, "text → image")["MRR"] == pytest.approx((10 + 2 / 9) / 12)


def test_pictures_are_found_in_a_collection_by_content_and_by_id(
    squares: Path, ask: Ask, tmp_path: Path
) -> None:
    folder = squares.parent / "squares"
    index(folder, "-c", "here")
    folder.rename(tmp_path / "moved")
    moved = squares.with_name("moved.csv")
    moved.write_text(squares.read_text().replace("squares/", "moved/"))
    assert ask(moved, "-c", "here")["facts"]["pictures asked for"] == 6
    found = ask(squares, "-c", "here")  # the files are gone; 'squares/red.png' is a record's id
    assert found["facts"] | {"pictures asked for": 6, "not in the collection": 0} == found["facts"]


def test_pictures_a_collection_lacks_are_left_out(squares: Path, ask: Ask) -> None:
    folder = squares.parent / "squares"
    index(folder / "red.png", folder / "blue.png", "-c", "here")
    found = ask(squares, "-c", "here")
    assert found["facts"] | {"pictures asked for": 2, "not in the collection": 4} == found["facts"]
    assert found["models"][0]["sections"]["text → image"]["queries"] == 4


def test_a_rank_beyond_the_depth_is_said_so(squares: Path, ask: Ask, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(120):
        Image.new("RGB", (40, 30), (number, number, 255)).save(many / f"{number}.png")
    index(squares.parent / "squares", many, "-c", "here")
    lonely = squares.with_name("lonely.csv")
    lonely.write_text("image,caption\nsquares/red.png,grandma\nsquares/green.png,grandpa\n")
    assert measures(ask(lonely, "-c", "here"), "text → image")["median rank"] is None
    shown = CliRunner().invoke(cli, ["eval", str(lonely), "-c", "here"])
    assert "median rank\t>100 (>100 to >100)" in shown.stdout


def test_the_same_seed_gives_the_same_figures(squares: Path, ask: Ask) -> None:
    with squares.open("a") as file:
        file.write("squares/red.png,blue\nsquares/green.png,white\n")
    first, again, other = (
        ask(squares, "--seed", seed)["models"][0]["sections"] for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "name a table of pairs"),
        (("{table}", "--labels", "{folder}"), "name a table of pairs, or a folder"),
        (("{table}", "-c", "x", "--model", "colour"), "leave out --model"),
        (("--labels", "{folder}", "-c", "x"), "leave out -c"),
        (("{table}", "--template", "{}"), "--template is for --labels"),
        (("{table}", "--model", "colour", "--model", "colour"), "is there twice"),
        (("{table}", *("--model", "a", "--model", "b", "--model", "c")), "more than the 2"),
        (("{table}", "--plot", "curve.jpeg"), "a plot ends in"),
        (("{table}", "--plot", "/nowhere/curve.png"), "no folder"),
        (("{table}", "--json", "/nowhere/x.json"), "no folder"),
        (("--labels", "{folder}", "--template", "a photo"), "has no {}"),
    ],
)
def test_wrong_use_is_refused(
    squares: Path, labelled: Path, arguments: tuple[str, ...], says: str
) -> None:
    places = {"{table}": squares, "{folder}": labelled}
    error = refusal(*(places.get(one, one) for one in arguments))
    assert isinstance(error, UsageError)
    assert says in str(error)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("{table}", "--image-column", "photo"), "has no column 'photo'"),
        (("{table}", "--text-column", "words"), "has no column 'words'"),
        (("{table}", "-c", "none"), "no collection 'none'"),
        (("--labels", "{table}"), "cannot read the folder"),
    ],
)
def test_what_is_not_there_is_named(squares: Path, arguments: tuple[str, ...], says: str) -> None:
    error = refusal(*(squares if one == "{table}" else one for one in arguments))
    assert not isinstance(error, UsageError)
    assert says in str(error)


@pytest.mark.model
def test_an_unknown_model_is_named(squares: Path) -> None:
    assert "knows no model named 'nonsense'" in str(refusal(squares, "--model", "nonsense"))


def test_too_few_pictures_are_refused(squares: Path) -> None:
    folder = squares.parent / "squares"
    for path in folder.iterdir():
        if path.name != "red.png":
            path.unlink()
    assert "only one picture that can be read" in str(refusal(squares))
    (folder / "red.png").unlink()
    assert "none of the 6 pictures" in str(refusal(squares))


def test_a_collection_without_the_pictures_is_refused(squares: Path, photos: Path) -> None:
    index(photos, "-c", "other")
    assert "has 0 of the 6 pictures" in str(refusal(squares, "-c", "other"))
