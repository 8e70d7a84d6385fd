"""The demo in a home that has had one already."""

from pathlib import Path

from api.cli.demo.run import draw
from api.cli.demo.scenes import SCENES


def test_what_an_earlier_version_drew_is_drawn_anew_or_gone(tmp_path: Path) -> None:
    pictures, captions = draw(tmp_path)
    fresh = {path.name: path.read_bytes() for path in pictures.iterdir()}
    assert len(fresh) == len(SCENES)
    for name in ("sunset", "rose"):
        (pictures / f"{name}.png").write_bytes(b"an earlier drawing")
    kept = (pictures / "desert.png").stat().st_mtime_ns
    assert draw(tmp_path) == (pictures, captions)
    assert {path.name: path.read_bytes() for path in pictures.iterdir()} == fresh
    assert (pictures / "desert.png").stat().st_mtime_ns == kept, "what is right stays as it is"
