"""Six pictures, and copies of three."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from binocle.collection.collection import Collection
from indexer.sources.folder import FolderSource
from tests.support import Bench
from tests.support.drawings import drawn, encoded


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("indexed")
    folder = place / "mixed"
    folder.mkdir()
    for seed in range(6):
        (folder / f"{seed}.png").write_bytes(encoded(drawn(seed)))
    small = encoded(drawn(0).resize((160, 120)), "JPEG", quality=60)
    (folder / "0-small.jpg").write_bytes(small)
    (folder / "0-small-again.jpg").write_bytes(small)
    (folder / "1-mirrored.png").write_bytes(encoded(ImageOps.mirror(drawn(1))))
    turned = drawn(2).transpose(Image.Transpose.ROTATE_90).resize((120, 160))
    (folder / "2-turned.png").write_bytes(encoded(turned))
    cut = drawn(3).crop((0, 0, 140, 140))
    (folder / "3-part.png").write_bytes(encoded(cut))
    bench = Bench(place / "collection")
    bench.index(FolderSource(folder))
    bench.collection.close()
    return place / "collection"


@pytest.fixture
def mixed(indexed: Path, tmp_path: Path) -> Iterator[Collection]:
    """Six pictures, and of the first three copies: 0 small, twice; 1 mirrored; 2 turned."""
    with Collection(shutil.copytree(indexed, tmp_path / "mixed")) as opened:
        yield opened
