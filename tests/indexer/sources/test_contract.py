"""What every kind of source promises, over all of them."""

import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from binocle.errors import NotFoundError
from indexer.kept_uploads import keep
from indexer.sources.archive import ArchiveSource
from indexer.sources.base import Candidate, Source
from indexer.sources.folder import FileSource, FolderSource
from indexer.sources.lines import TextSource
from indexer.sources.registry import source_of
from indexer.sources.remote.remote_source import RemoteSource
from indexer.sources.table import ColumnRoles, TableSource
from indexer.sources.uploads import UploadSource, uploaded_image, uploaded_text
from tests.support import Bench, picture_bytes
from tests.support.buckets import Buckets, listing

NAMES = ("a.jpg", "sub/b.jpg", "sub/ä ~ö.jpg")


def folder(path: Path) -> Source:
    for seed, name in enumerate(NAMES):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(picture_bytes(seed))
    return FolderSource(path)


def file(path: Path) -> Source:
    folder(path)
    return FileSource(path / "a.jpg")


def tar(path: Path, mode: str = "") -> Source:
    path = path.with_name(f"{path.name}!.tar{mode and '.' + mode}")
    with tarfile.open(path, f"w:{mode}") as archive:  # type: ignore[call-overload]
        for seed, name in enumerate((*NAMES, "a.jpg", "./c.png")):  # one name twice
            info = tarfile.TarInfo(name)
            info.size = len(picture_bytes(seed))
            archive.addfile(info, io.BytesIO(picture_bytes(seed)))
    return ArchiveSource(path)


def zipped(path: Path) -> Source:
    path = path.with_name(f"{path.name}.zip")
    with zipfile.ZipFile(path, "w") as archive:
        for seed, name in enumerate(NAMES):
            archive.writestr(name, picture_bytes(seed))
            archive.writestr(name.replace(".jpg", ".txt"), "a caption")
    return ArchiveSource(path)


def table(path: Path) -> Source:
    folder(path)
    rows = [f"{number},{name},title {number}" for number, name in enumerate(NAMES)]
    (path / "t.csv").write_text("\n".join(["id,image,title", *rows]))
    return TableSource(path / "t.csv", ColumnRoles())


def parquet(path: Path) -> Source:
    """Pictures inside their rows: two in each, of which two make one record."""
    rows = [
        {
            "id": str(number // 2),
            "front": [{"bytes": picture_bytes(2 * number + n)} for n in (0, 1)],
        }
        for number in range(4)
    ]
    path = path.with_name("t.parquet")
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=3)
    return TableSource(path, ColumnRoles("id", "front"))


def lines(path: Path) -> Source:
    path = path.with_name("t.txt")
    path.write_text("a dog\n\n ein Hund \n", encoding="utf-8")
    return TextSource(path)


def uploads(path: Path) -> Source:
    images = [uploaded_image("image", picture_bytes(seed)) for seed in range(3)]
    candidates = [
        Candidate(str(number), "", str(number), one.uri, {}, (one,), (uploaded_text("t", "x"),))
        for number, one in enumerate(images)
    ]
    bench = Bench(path)
    keep(bench.collection, images)
    bench.collection.close()
    return UploadSource(path, candidates)


def bucket(store: Buckets) -> Source:
    name = store.make()
    for seed, key in enumerate(NAMES):
        store.put(name, f"shop/{key}", picture_bytes(seed))
    return RemoteSource(f"s3://{name}/shop")


KINDS: dict[str, Callable[[Path], Source]] = {
    "folder": folder,
    "file": file,
    "tar": tar,
    "tar.gz": lambda path: tar(path, "gz"),
    "zip": zipped,
    "table": table,
    "parquet": parquet,
    "lines": lines,
    "uploads": uploads,
}


@pytest.fixture(params=[*KINDS, "bucket", "web"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    place = tmp_path / "place"
    if request.param == "bucket":
        yield bucket(request.getfixturevalue("store"))
    elif request.param == "web":
        folder(place)
        with listing(place) as served:
            yield RemoteSource(served.url)
    else:
        yield KINDS[request.param](place)


def given(source: Source) -> dict[str, bytes]:
    """Return what a scan gives, by uri; of a source of texts the texts."""
    candidates = list(source.scan("n"))
    found = {image.uri: image.read() for one in candidates for image in one.images}
    texts = {text.uri: text.text.encode() for one in candidates for text in one.texts}
    return found or texts


def facts(source: Source) -> list[tuple[object, ...]]:
    return [
        (one.key, one.fingerprint, one.record_id, one.uri, one.metadata, one.texts, one.skip)
        for one in source.scan("n")
    ]


def test_a_scan_is_stable_and_counted(source: Source) -> None:
    first = facts(source)
    assert facts(source) == first
    assert len(first) == source.count()
    assert len({key for key, *_ in first}) == len(first)
    assert len({record_id for _, _, record_id, *_ in first}) == len(first)


def test_a_whole_scan_covers_what_it_gave_and_uploads_cover_nothing(source: Source) -> None:
    covered = {source.covers(one.key) for one in source.scan("n")}
    assert covered == {source.kind != "upload"}


def test_what_was_given_is_opened_again(source: Source, tmp_path: Path) -> None:
    contents = given(source)
    assert contents
    pictures = [image for one in source.scan("n") for image in one.images]
    assert len(contents) == len(pictures) or source.kind == "text"  # each has a uri of its own
    for uri, content in contents.items():
        assert source.open(uri) == content
        found = source_of(uri, tmp_path / "place")
        assert found.open(uri) == content
        path = source.file_of(uri)
        assert path == found.file_of(uri)
        assert path is None or path.read_bytes() == content


def test_what_is_gone_is_not_found(
    source: Source, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    uris = list(given(source))
    if source.uri.startswith("s3://"):
        request.getfixturevalue("store").remove(source.uri.split("/")[2])
    for path in sorted(tmp_path.rglob("*"), reverse=True):
        if path.is_file():
            path.unlink()
    fresh = [source_of(uri, tmp_path / "place") for uri in uris]
    for uri, again in zip(uris, fresh, strict=True):
        with pytest.raises(NotFoundError, match="not there any more"):
            again.open(uri)


def test_a_uri_nobody_gave_is_not_found(source: Source, tmp_path: Path) -> None:
    for uri in given(source):
        with pytest.raises(NotFoundError, match="not there any more"):
            source.open(uri + "x")


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_an_archive_that_was_written_again_is_read_as_it_is_now(kind: str, tmp_path: Path) -> None:
    source = KINDS[kind](tmp_path / "place")
    uri = next(iter(given(source)))
    assert source.open(uri) == picture_bytes(0)
    source.path.unlink()
    with pytest.raises(NotFoundError):
        source.open(uri)
    (tmp_path / "a.jpg").write_bytes(picture_bytes(77))
    if kind == "tar":
        with tarfile.open(source.path, "w") as archive:
            archive.add(tmp_path / "a.jpg", "a.jpg")
    else:
        with zipfile.ZipFile(source.path, "w") as archive:
            archive.write(tmp_path / "a.jpg", "a.jpg")
    assert source.open(uri) == picture_bytes(77)
