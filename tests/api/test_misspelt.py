"""A misspelt query finds what the right one finds, through every door, and says how it was read."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from api.container import Container
from api.settings import read_settings
from search.query.query import Query, Term
from tests.support.service import running
from tests.support.shop import run_cli

pytestmark = pytest.mark.model
RIGHT, TYPED = "a girl riding a bicycle", "a gril ridng a bycicle"
READ = f'{TYPED} (read as "{RIGHT}")'


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures without any text, embedded with the embedded model."""
    folder = tmp_path_factory.mktemp("misspelt")
    rng = np.random.default_rng(0)
    (folder / "pictures").mkdir()
    for number in range(40):
        coarse = Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8))
        coarse.resize((96, 96)).save(folder / "pictures" / f"{number}.png")
    typed = ("index", folder / "pictures", "-c", "photos", "--model", "mini")
    code, _, err = run_cli(folder / "home", *typed)
    assert code == 0, err
    return folder / "home"


def test_every_door_reads_it_alike(home: Path) -> None:
    found = []
    for text in (RIGHT, TYPED):
        code, out, err = run_cli(home, "search", text, "-c", "photos", "--json")
        assert code == 0, err
        found.append(json.loads(out))
        with running(home, model="mini") as service:
            answer = service.http().post("/v1/collections/photos/search", json={"query": text})
            assert answer.status_code == 200, answer.text
            found.append(answer.json())
    for one, line in zip(found, (RIGHT, RIGHT, READ, READ), strict=True):
        assert one["looking_for"] == line
        assert [hit["id"] for hit in one["hits"]] == [hit["id"] for hit in found[0]["hits"]]
        scores = [hit["score"] for hit in one["hits"]]
        assert scores == pytest.approx([hit["score"] for hit in found[0]["hits"]], abs=1e-3)


def test_quotes_keep_it_as_it_was_typed_and_turns_remember_how_it_was_read(home: Path) -> None:
    container = Container(read_settings(home=home, model="mini"))
    with container.open_collection("photos") as opened:
        searcher = container.searcher(opened)

        def ask(text: str, **more: object) -> Query:
            return Query(terms=(Term(text=text),), **more)  # type: ignore[arg-type]

        quoted = searcher.search(ask('a "gril" outside'))
        assert quoted.looking_for == 'a "gril" outside'
        first = searcher.search(ask(TYPED))
        assert first.looking_for == READ
        assert first.turn is not None
        code, out, err = run_cli(
            home, "search", "-c", "photos", "--refine", first.turn, "at nihgt", "--json"
        )
        assert code == 0, err
        assert json.loads(out)["looking_for"].startswith(READ)
        words = searcher.search(ask(TYPED, mode="keyword"))
        assert words.looking_for == TYPED  # words are compared as they were typed


def test_command_says_that_the_model_cannot_read_a_text(home: Path) -> None:
    code, out, err = run_cli(home, "search", "красная юбка", "-c", "photos")
    assert (code, out) == (0, "")
    assert err.strip() == "nothing fits: the model cannot read 'красная юбка'"
