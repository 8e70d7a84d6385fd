"""A small shop, asked through every door."""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner
from PIL import Image

from api.cli.main import cli
from api.container import Container
from api.settings import read_settings
from search.query.query import Query
from search.results.answer import Answer
from tests.support import SHARED
from tests.support.service import Running

NAME = "shop"
COLOURS = {
    "Red": (200, 30, 30),
    "Green": (40, 150, 60),
    "Blue": (40, 70, 200),
    "Yellow": (230, 210, 50),
    "Black": (20, 20, 20),
}
_THINGS = ("shoes", "bag", "watch", "shirt")
Product = dict[str, Any]


def products() -> list[Product]:
    """Sixty products: each thing in each colour, three times."""
    rng = np.random.default_rng(5)
    rows: list[Product] = []
    for number in range(60):
        color = list(COLOURS)[number % 5]
        thing = _THINGS[number // 5 % 4]
        row: Product = {
            "id": f"sku-{number:02}",
            "image": f"{number:02}.png",
            "title": f"{color} {thing} model BX-{100 + number}",
            "price": round(float(rng.uniform(5, 200)), 2),
            "color": color,
            "style": f"{thing}-{number // 20}",
            "added": f"2024-{1 + number % 12:02}-{1 + number % 28:02}",
            "tags": ["new", thing] if number % 2 else [thing],
            "stock": number % 3 > 0,
        }
        if number % 7 == 0:
            del row["price"]
        rows.append(row)
    return rows


def picture_of(number: int, color: str) -> bytes:
    """Return a plain picture whose right half is white, a little different for every number."""
    shade = np.clip(np.array(COLOURS[color]) + (number * 7) % 30 - 15, 0, 255)
    pixels = np.full((40, 60, 3), 255, np.uint8)
    pixels[:, :30] = shade
    pixels[0, number % 60] = (number, 0, 0)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def write_shop(folder: Path) -> Path:
    """Write the table and its pictures."""
    folder.mkdir(parents=True)
    rows = products()
    for number, row in enumerate(rows):
        (folder / str(row["image"])).write_bytes(picture_of(number, str(row["color"])))
    table = folder / "products.jsonl"
    table.write_text("\n".join(map(json.dumps, rows)))
    return table


def run_cli(home: Path, *arguments: object) -> tuple[int, str, str]:
    """Run a command in this process; return its exit code and what it printed."""
    given = [str(one) for one in arguments]
    shown = CliRunner().invoke(
        cli,
        ["--home", str(home), *given],
        obj=SHARED,
        env={"BINOCLE_MODEL": "colour"},
        prog_name="binocle",
    )
    if shown.exception is not None and not isinstance(shown.exception, SystemExit):
        raise shown.exception
    return shown.exit_code, shown.stdout, shown.stderr


@dataclass(frozen=True, slots=True)
class Shop:
    """The shop, and the service over it."""

    service: Running
    folder: Path

    def python(self, query: Query) -> Answer:
        container = Container(read_settings(home=self.service.home, model="colour"))
        with container.open_collection(NAME) as opened:
            return container.searcher(opened).search(query)

    def typed(self, *arguments: object) -> dict[str, Any]:
        code, out, err = run_cli(self.service.home, "search", "-c", NAME, "--json", *arguments)
        assert code == 0, err
        answer: dict[str, Any] = json.loads(out)
        return answer

    def posted(self, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.service.http().post(f"/v1/collections/{NAME}/search", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def linked(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.service.http().get(f"/v1/collections/{NAME}/search", params=parameters)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@dataclass(frozen=True, slots=True)
class Case:
    """The same question, as each door is asked it."""

    query: Query
    typed: Sequence[object]
    body: Mapping[str, Any]
    link: Mapping[str, Any] | None = None
    check: Callable[[Sequence[str]], bool] = field(default=bool)
