"""The demo's scenes."""

from api.cli.demo.scenes import HEIGHT, SCENES, WIDTH
from api.cli.demo.shapes import SHAPES


def test_there_are_forty_and_each_shows_several_colours() -> None:
    assert len(SCENES) == 40
    assert len({scene.caption for scene in SCENES.values()}) == 40
    for name, scene in SCENES.items():
        picture = scene.draw()
        assert picture.size == (WIDTH, HEIGHT)
        assert len(picture.getcolors(100_000) or []) >= 3, name


def test_they_are_the_same_each_time() -> None:
    scene = SCENES["two-dogs-snow"]
    assert scene.draw().tobytes() == scene.draw().tobytes()


def test_every_shape_stands_somewhere() -> None:
    used = {thing.split()[0] for scene in SCENES.values() for thing in scene.things.split(",")}
    assert used == set(SHAPES)
