"""``binocle demo``: twelve drawn pictures and their captions, searched in every direction."""

from collections.abc import Callable
from pathlib import Path

import click
from PIL import Image, ImageDraw

from api.cli.output.answers import print_answer
from api.container import Container
from binocle.files import make_folder, replacing
from binocle.media.kinds import TEXT
from indexer.sources.folder import FolderSource
from indexer.sources.table import ColumnRoles, TableSource
from search.query.query import Query, Term

NAME = "demo"
_WIDTH, _HEIGHT = 480, 320

_Draw = Callable[[ImageDraw.ImageDraw], None]


def _scene(sky: str, ground: str, *shapes: tuple[str, tuple[int, int, int, int], str]) -> _Draw:
    def draw(canvas: ImageDraw.ImageDraw) -> None:
        canvas.rectangle((0, 0, _WIDTH, _HEIGHT * 6 // 10), fill=sky)
        canvas.rectangle((0, _HEIGHT * 6 // 10, _WIDTH, _HEIGHT), fill=ground)
        for shape, box, colour in shapes:
            getattr(canvas, shape)(box, fill=colour)

    return draw


_SCENES: dict[str, tuple[str, _Draw]] = {
    "sailing-boat": ("a white sail on the blue sea", _scene(
        "#7fb6e6", "#1f4fa0", ("rectangle", (210, 60, 270, 190), "white"),
        ("rectangle", (170, 195, 320, 225), "#6b3f1d"))),
    "sunset": ("an orange sunset over purple hills", _scene(
        "#f08a24", "#5a2d73", ("ellipse", (180, 90, 300, 210), "#ffd23f"))),
    "forest": ("green trees in a green forest", _scene(
        "#4d8a3f", "#2f5d2a", ("ellipse", (40, 40, 190, 220), "#2e7d32"),
        ("ellipse", (250, 60, 420, 240), "#3f9142"),
        ("rectangle", (105, 210, 125, 300), "#5d4023"))),
    "snow": ("a snow field, all white, under a grey sky", _scene("#b9bec4", "#f7f8fa")),
    "night-city": ("a city at night, black with yellow windows", _scene(
        "#0b0d17", "#15171f", *(("rectangle", (x, y, x + 14, y + 18), "#ffd54a")
                                for x in range(60, 430, 60) for y in range(80, 260, 55)))),
    "red-car": ("a red car on a grey road", _scene(
        "#9cc7ea", "#7c7f84", ("rectangle", (120, 150, 360, 220), "#c81d25"),
        ("ellipse", (150, 200, 200, 250), "#111111"),
        ("ellipse", (280, 200, 330, 250), "#111111"))),
    "rose": ("a red rose in green grass", _scene(
        "#5fa052", "#3f8a3a", ("ellipse", (170, 60, 310, 200), "#d3122a"))),
    "lemons": ("yellow lemons on a white plate", _scene(
        "#f4f4f2", "#ffffff", ("ellipse", (120, 90, 240, 190), "#f3d321"),
        ("ellipse", (230, 120, 350, 220), "#e8c61a"))),
    "desert": ("brown sand dunes under a blue sky", _scene("#6fb1e8", "#b98a4e")),
    "pink-flamingo": ("a pink flamingo by blue water", _scene(
        "#a8d3f0", "#3d7cc0", ("ellipse", (170, 90, 320, 190), "#f06fa0"),
        ("rectangle", (235, 180, 245, 290), "#e85d92"))),
    "oranges": ("orange oranges in a brown basket", _scene(
        "#efe7d8", "#7a4a22", ("ellipse", (110, 90, 210, 190), "#f58a1f"),
        ("ellipse", (200, 80, 300, 180), "#f2791a"), ("ellipse", (280, 95, 380, 195), "#f58a1f"))),
    "lavender": ("purple lavender under a white sky", _scene("#eef0f4", "#7a4fa3")),
}  # fmt: skip


def run_demo(container: Container) -> None:
    """Draw, index, search, and print each step the way a user would type it."""
    pictures, captions = _draw(container.settings.home / "demo")
    click.echo(f"{len(_SCENES)} pictures and their captions: {pictures.parent}\n")
    with container.open_collection(NAME, create=True) as collection:
        indexer = container.indexer(collection, None, lambda _: None)
        for source in (FolderSource(pictures), TableSource(captions, ColumnRoles())):
            _say(f"binocle index {source.path} -c {NAME}")
            tally = indexer.run(source).tally
            click.echo(
                f"{tally.added} added, {tally.updated} updated, {tally.unchanged} unchanged\n"
            )
        searcher = container.searcher(collection)
        rose = pictures / "rose.png"
        flower = Term(text="a red flower in green grass")
        searches = {
            f"binocle search {flower.text}": Query((flower,), limit=3),
            f"binocle search --image {rose} --without red": Query(
                (Term(image=rose), Term(text="red", weight=-1.0)), limit=3
            ),
            f"binocle search --image {rose} --target text": Query(
                (Term(image=rose),), TEXT, limit=3
            ),
            "binocle search yellow fruit --target text": Query(
                (Term(text="yellow fruit"),), TEXT, limit=3
            ),
        }
        for command, query in searches.items():
            _say(f"{command} -c {NAME} -k 3")
            print_answer(searcher.search(query), collection, query, as_json=False)
            click.echo()
    click.echo("Now your own: binocle index ~/Pictures && binocle search blue sea")


def _say(command: str) -> None:
    click.secho(f"$ {command}", bold=True)


def _draw(folder: Path) -> tuple[Path, Path]:
    """Draw the pictures that are not there yet, and write the captions."""
    pictures = folder / "pictures"
    make_folder(pictures)
    for name, (_, draw) in _SCENES.items():
        path = pictures / f"{name}.png"
        if not path.exists():
            image = Image.new("RGB", (_WIDTH, _HEIGHT))
            draw(ImageDraw.Draw(image))
            with replacing(path, durable=False) as file:
                image.save(file, "PNG")
    captions = folder / "captions.csv"
    lines = [
        "id,caption",
        *(f'caption-{name},"{caption}"' for name, (caption, _) in _SCENES.items()),
    ]
    text = "\n".join(lines) + "\n"
    if not captions.exists() or captions.read_text() != text:
        with replacing(captions, durable=False) as file:
            file.write(text.encode())
    return pictures, captions
