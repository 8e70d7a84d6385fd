"""A service that may index a folder with all sorts of sources."""

import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.support import picture_bytes
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
