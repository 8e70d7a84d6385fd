"""Lost, damaged and left pictures are found."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from api.operations.doctor.pictures import check_derived, check_uploads
from binocle.catalog import catalog_file
from binocle.collection.collection import Collection
from binocle.types import ImageInfo, NewPart, NewRecord
from indexer import kept_uploads
from indexer.sources.uploads import UploadSource, uploaded_image
from tests.support import picture_bytes
from tests.support.damages import cut, is_found, of_checks, write
from tests.support.sound_collection import uploads_of


@pytest.mark.parametrize("name", of_checks("uploads", "derived"))
def test_planted_damage_is_found(folder: Path, name: str) -> None:
    assert is_found(folder, name)


def test_what_is_stored_and_removed_meanwhile_is_no_damage(folder: Path) -> None:
    (first, *_) = (folder / "thumbnails").glob("??/*")
    image = uploaded_image("image", picture_bytes(77))
    name = image.sha256.hex()
    with Collection(folder) as collection, catalog_file.reading(folder / "catalog.sqlite") as file:
        file.change()
        space = collection.space
        assert space is not None
        row = np.eye(1, space.dimension, dtype=np.float32)[0]
        part = NewPart("image", "image", image.uri, image.sha256, row,
                       info=ImageInfo(1, 1, 3, "jpeg"))  # fmt: skip
        with kept_uploads.storing(collection, ["new"], [image]) as session:
            session.records.upsert([NewRecord("new", "new", {}, (part,))])
        os.utime(UploadSource(folder).file_of(image.uri), (0, 0))  # it was there for long
        write(f"thumbnails/{name[:2]}/{name}-320.webp", first.read_bytes())(folder)
        former = set(uploads_of(folder.parents[1]))
        with kept_uploads.storing(collection, ["g3"], []) as session:
            session.records.remove(["g3"])
        assert len(former - set(uploads_of(folder.parents[1]))) == 1
        assert list(check_uploads(folder, file, with_contents=True)) == []
        assert list(check_derived(folder, file)) == []


def test_thumbnail_that_is_made_anew_meanwhile_is_not_damaged(folder: Path) -> None:
    thumbnail = min(folder.glob("thumbnails/??/*"))
    whole = thumbnail.read_bytes()
    cut(thumbnail)
    mending = threading.Timer(0.3, thumbnail.write_bytes, [whole])
    with catalog_file.reading(folder / "catalog.sqlite") as file:
        mending.start()
        assert list(check_derived(folder, file)) == []
    mending.join()
