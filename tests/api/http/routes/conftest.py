"""A service that may index a folder with all sorts of sources; a collection with copies."""

import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import ImageOps

from binocle_client import Client, picture
from binocle_client.requests import RecordBody
from tests.support import picture_bytes
from tests.support.drawings import drawn, encoded
from tests.support.service import Running, Serve


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    """An allowed folder with a folder of pictures, a tar and a zip of them, and broken things."""
    root = tmp_path / "secret-place"
    (root / "photos").mkdir(parents=True)
    for number in range(4):
        (root / "photos" / f"{number}.jpg").write_bytes(picture_bytes(number))
    (root / "photos" / "bad.jpg").write_bytes(b"no picture")
    with tarfile.open(root / "all.tar", "w") as tar:
        tar.add(root / "photos" / "1.jpg", "in/1.jpg")
    with zipfile.ZipFile(root / "all.zip", "w") as archive:
        archive.write(root / "photos" / "2.jpg", "in/2.jpg")
    (root / "broken.tar").write_bytes(b"no tar" * 300)
    (root / "broken.csv").write_text("a,b\n1,2\n")
    (root / "empty").mkdir()
    return root


@pytest.fixture
def indexing(serve: Serve, allowed: Path) -> Running:
    service = serve(sources=(allowed,))
    service.client().put_collection("c")
    return service


@pytest.fixture
def doubled(client: Client, name: str) -> str:
    """Four pictures, two of them also as a copy."""
    pictures = {f"d{seed}": encoded(drawn(seed)) for seed in range(4)}
    pictures["d0-small"] = encoded(drawn(0).resize((160, 120)), "JPEG")
    pictures["d1-mirrored"] = encoded(ImageOps.mirror(drawn(1)))
    pictures["d1-again"] = pictures["d1"]
    records = [RecordBody(id=one, images=[picture(data)]) for one, data in pictures.items()]
    assert client.store(name, records).failed == 0
    return name
