"""Uploads are on disk before their record, and no sweep removes an original."""

import errno
import logging
import os
import time
from pathlib import Path

import numpy as np
import pytest

from binocle.catalog.sqlite import SqliteCatalog
from binocle.collection.collection import Collection
from binocle.errors import StorageError
from binocle.files import make_folder
from binocle.types import NewPart, NewRecord
from indexer import kept_uploads
from indexer.sources.base import ImageRef
from indexer.sources.uploads import UploadSource, uploaded_image

WEEK_S = 7 * 24 * 3600


def record(image: ImageRef) -> NewRecord:
    row = np.array([0.6, 0.8], np.float32)
    return NewRecord(
        image.uri, image.uri, {}, (NewPart("image", "image", image.uri, image.sha256, row),)
    )


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    return Collection(tmp_path / "c", create=True)


def stored(collection: Collection, *names: bytes, days: float, record_too: bool) -> list[Path]:
    """Keep uploads that are so many days old, with or without their records."""
    images = [uploaded_image("image", one) for one in names]
    kept_uploads.keep(collection, images)
    if record_too:
        collection.upsert([record(one) for one in images])
    files = [UploadSource(collection.path).file_of(one.uri) for one in images]
    for path in files:
        os.utime(path, (then := time.time() - days * 24 * 3600, then))
    return files


def test_old_orphan_goes_to_quarantine_and_comes_back_with_its_record(
    collection: Collection, caplog: pytest.LogCaptureFixture
) -> None:
    (needed,) = stored(collection, b"a", days=9, record_too=True)
    (orphan,) = stored(collection, b"b", days=8, record_too=False)
    with caplog.at_level(logging.INFO):
        assert kept_uploads.sweep(collection) == 1
    assert "1 put into quarantine, 0 younger" in caplog.text
    aside = collection.path / "quarantine" / orphan.relative_to(collection.path)
    assert (needed.exists(), orphan.exists(), aside.read_bytes()) == (True, False, b"b")
    collection.upsert([record(uploaded_image("image", b"b"))])
    kept_uploads.sweep(collection)
    assert (orphan.read_bytes(), aside.exists()) == (b"b", False)


def test_orphan_of_this_week_stays(collection: Collection) -> None:
    (young,) = stored(collection, b"a", days=6, record_too=False)
    assert kept_uploads.sweep(collection) == 0
    assert young.exists()


def test_too_many_orphans_are_the_catalogue_s_fault(
    collection: Collection, caplog: pytest.LogCaptureFixture
) -> None:
    stored(collection, *(b"n%d" % n for n in range(10)), days=9, record_too=True)
    files = stored(collection, *(b"o%d" % n for n in range(21)), days=9, record_too=False)
    assert kept_uploads.sweep(collection) == 0
    assert all(one.exists() for one in files)
    assert "21 of 31 uploads of c have no record" in caplog.text


def test_thumbnail_of_a_picture_nobody_has_is_removed(collection: Collection) -> None:
    path = collection.path / "thumbnails" / "ab" / f"{'ab' * 32}-256.jpg"
    path.parent.mkdir(parents=True)
    path.touch()
    assert kept_uploads.sweep(collection) == 1
    assert not path.exists()


def test_upload_and_its_name_are_on_disk_before_the_record(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr("binocle.files.os.fsync", fsync)
    image = uploaded_image("image", b"a")
    kept = kept_uploads.keep(collection, [image])
    path = UploadSource(collection.path).file_of(image.uri)
    folders = [str(one) for one in (collection.path, path.parent.parent, path.parent)]
    assert synced[-1] == str(path.parent), "the folder, behind the file"
    assert f"{path}." in synced[-2]
    assert set(folders) <= set(synced)
    synced.clear()
    kept_uploads.keep(collection, [image], kept)
    assert synced == [], "nobody has touched it"
    kept_uploads.keep(collection, [image])
    assert set(synced) == {str(path), *folders}


def test_upload_that_failed_is_on_disk_when_it_is_repeated(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = uploaded_image("image", b"a")
    path = UploadSource(collection.path).file_of(image.uri)
    kept_uploads.keep(collection, [uploaded_image("image", b"b")])
    make_folder(path.parent)
    synced: list[Path] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(one := Path(f"/proc/self/fd/{descriptor}").readlink())
        if one == path.parent and synced.count(one) == 1:
            raise OSError(errno.EIO, "Input/output error")
        real(descriptor)

    monkeypatch.setattr("binocle.files.os.fsync", fsync)
    with pytest.raises(StorageError):
        kept_uploads.keep(collection, [image])
    kept_uploads.keep(collection, [image])
    assert synced[-2:] == [path, path.parent]


def test_damaged_upload_is_written_anew(collection: Collection) -> None:
    image = uploaded_image("image", b"abc")
    path = UploadSource(collection.path).file_of(image.uri)
    for damaged in (b"", b"abd", b"abcd"):
        kept = kept_uploads.keep(collection, [image])
        path.write_bytes(damaged)
        kept_uploads.keep(collection, [image], kept)
        assert path.read_bytes() == b"abc"


def test_committed_is_on_disk(tmp_path: Path) -> None:
    catalog = SqliteCatalog(tmp_path / "catalog.sqlite")
    with catalog.writing() as session:
        pragma = session.connection.exec_driver_sql
        assert pragma("pragma synchronous").scalar() == 2, "FULL: the log is synchronised"
        assert pragma("pragma mmap_size").scalar() == 0, "no SIGBUS where a file is cut off"
    catalog.close()
