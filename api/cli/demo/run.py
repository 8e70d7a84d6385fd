"""``binocle demo``: drawn pictures and their captions, searched in every direction."""

import io
from pathlib import Path

from api.cli.demo.scenes import SCENES
from api.cli.output.answers import print_answer
from api.container import Container
from api.terminal import say
from binocle.files import make_folder, replacing
from binocle.media.kinds import TEXT
from indexer.sources.folder import FolderSource
from indexer.sources.table import ColumnRoles, TableSource
from search.query.query import Query, Term

NAME = "demo"
_FORMER = ("pink-flamingo", "rose", "snow")  # an earlier version drew them
_ASKED = (
    "a red flower in green grass",
    "two dogs in the snow",
    "草地上的红花",
    "黄色连衣裙",
    "rote Blumen im Gras",
    "Frau in blauem Kleid",
)


def run_demo(container: Container) -> None:
    """Draw, index, search, and print each step the way a user would type it."""
    pictures, captions = draw(container.settings.home / "demo")
    say(f"{len(SCENES)} pictures and their captions: {pictures.parent}\n")
    with container.open_collection(NAME, create=True) as collection:
        indexer = container.indexer(collection, None, lambda _: None)
        for source in (FolderSource(pictures), TableSource(captions, ColumnRoles())):
            _say(f"binocle index {source.path} -c {NAME}")
            tally = indexer.run(source).tally
            say(f"{tally.added} added, {tally.updated} updated, {tally.unchanged} unchanged\n")
        searcher = container.searcher(collection)
        for command, query in _searches(pictures).items():
            _say(f"{command} -c {NAME} -k 3")
            print_answer(searcher.search(query), collection, query, as_json=False)
            say()
    say(
        "Now your own, in English, Chinese or German:\n"
        "  binocle index ~/Pictures && binocle search children playing in the snow"
    )


def _searches(pictures: Path) -> dict[str, Query]:
    """Return what is asked: words in three languages, pictures, and both."""
    searches = {f"binocle search {text}": Query((Term(text=text),), limit=3) for text in _ASKED}
    roses, sunset = pictures / "red-roses.png", pictures / "sunset-boat.png"
    searches[f"binocle search --image {sunset}"] = Query((Term(image=sunset),), limit=3)
    searches[f"binocle search --image {roses} --without red"] = Query(
        (Term(image=roses), Term(text="red", weight=-1.0)), limit=3
    )
    searches["binocle search yellow fruit --target text"] = Query(
        (Term(text="yellow fruit"),), TEXT, limit=3
    )
    return searches


def _say(command: str) -> None:
    say(f"$ {command}", bold=True)


def draw(folder: Path) -> tuple[Path, Path]:
    """Draw the pictures that are not there as they are drawn now, and write the captions."""
    pictures = folder / "pictures"
    make_folder(pictures)
    for name, scene in SCENES.items():
        path = pictures / f"{name}.png"
        drawn = io.BytesIO()
        scene.draw().save(drawn, "PNG")
        if not path.exists() or path.read_bytes() != drawn.getvalue():
            with replacing(path, durable=False) as file:
                file.write(drawn.getvalue())
    for name in _FORMER:
        (pictures / f"{name}.png").unlink(missing_ok=True)
    captions = folder / "captions.csv"
    lines = [
        "id,caption",
        *(f'caption-{name},"{scene.caption}"' for name, scene in SCENES.items()),
    ]
    text = "\n".join(lines) + "\n"
    if not captions.exists() or captions.read_text() != text:
        with replacing(captions, durable=False) as file:
            file.write(text.encode())
    return pictures, captions
