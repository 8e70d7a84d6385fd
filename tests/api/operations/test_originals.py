"""Originals in one archive: names told apart, what is missing told, one picture in memory."""

import io
import tarfile
import tracemalloc
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from api.operations.originals import zipped_originals
from binocle.errors import NotFoundError
from binocle_client import picture
from binocle_client.requests import RecordBody
from indexer.sources import archive
from indexer.sources.members.tar_members import TarReader
from indexer.stored_media import StoredMedia
from tests.support import picture_bytes
from tests.support.service import Serve, problem_of
from tests.support.shop import run_cli


class Packed(StoredMedia):
    """Gives pictures of 4 MiB each."""

    size = 4 * 1024 * 1024

    def each(self, uris: Sequence[str]) -> Iterator[tuple[str, Path | bytes | NotFoundError]]:
        for number, uri in enumerate(uris):
            yield uri, bytes([number]) * self.size


def read(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {one.filename: archive.read(one) for one in archive.infolist()}


def test_archive_has_originals_by_their_names_and_tells_what_is_missing(
    serve: Serve, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    for number, name in enumerate(("a/one.png", "b/one.png", "b/gone.png", "b/d:e .png")):
        path = photos / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture_bytes(number))
    service = serve()
    assert run_cli(service.home, "index", photos, "-c", "c")[0] == 0
    (photos / "b/gone.png").unlink()
    client, http = service.client(), service.http()
    images = [picture(picture_bytes(8)), picture(picture_bytes(9))]
    client.store(
        "c", [RecordBody(id="up/../two", images=images), RecordBody(id="t", texts={"title": "x"})]
    )
    ids = [f"photos/{one}" for one in ("a/one.png", "b/one.png", "b/gone.png", "b/d:e .png")]
    asked = {"ids": [*ids, "up/../two", "t", "no\nwhere", ids[0]]}
    assert http.post("/v1/collections/c/originals", json=asked).status_code == 422  # a line's end
    asked["ids"][-2] = "nowhere"
    answer = http.post("/v1/collections/c/originals", json=asked)
    assert answer.headers["content-type"] == "application/zip"
    found = read(answer.content)
    missing = found.pop("missing.txt").decode().splitlines()
    assert [line.split("\t")[0] for line in missing] == ["photos/b/gone.png", "t", "nowhere"]
    assert found.pop("one.png") == picture_bytes(0)
    assert found.pop("one (2).png") == picture_bytes(1)
    assert found.pop("d_e .png") == picture_bytes(3)
    assert sorted(found.values()) == sorted(picture_bytes(one) for one in (8, 9))
    assert not any("/" in name or name.startswith(".") for name in found)
    assert (
        client.originals("c", [ids[0]])
        == http.post("/v1/collections/c/originals", json={"ids": [ids[0]]}).content
    )
    problem_of(http.post("/v1/collections/c/originals", json={"ids": []}), 422, "invalid")


def test_archive_that_is_packed_is_read_once_for_all_its_pictures(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tar:
        for number in range(4):
            info = tarfile.TarInfo(f"{number}.png")
            info.size = len(picture_bytes(number))
            tar.addfile(info, io.BytesIO(picture_bytes(number)))
    service = serve()
    assert run_cli(service.home, "index", tmp_path / "a.tar.gz", "-c", "c")[0] == 0
    walks: list[Path] = []

    class Reader(TarReader):
        def __init__(self, path: Path) -> None:
            walks.append(path)
            super().__init__(path)

    monkeypatch.setattr(archive, "TarReader", Reader)
    ids = [one.id for one in service.client().records("c").records]
    found = read(service.client().originals("c", ids[:0:-1]))
    assert found == {f"{one}.png": picture_bytes(one) for one in (1, 2, 3)}
    assert len(walks) == 1

    tracemalloc.start()
    pieces = zipped_originals(service.application.collection("c"), Packed(tmp_path), ids)
    assert max(map(len, pieces)) < 2 * 1024 * 1024
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.6 * Packed.size  # of four, one is in memory
