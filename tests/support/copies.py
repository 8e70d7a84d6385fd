"""Duplicates as tests look for them."""

from pathlib import Path

from binocle.collection.collection import Collection
from binocle.media import images
from indexer.sources.folder import FolderSource
from search.copies.clusters import Cluster
from search.copies.duplicates import DuplicateFinder, Duplicates
from tests.support import Bench
from tests.support.drawings import read


def found(collection: Collection) -> Duplicates:
    return DuplicateFinder(collection, read, images.load).find()


def only_cluster(bench: Bench, tmp_path: Path, files: dict[str, bytes]) -> Cluster:
    folder = tmp_path / "album"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    bench.index(FolderSource(folder))
    [cluster] = found(bench.collection).clusters
    assert 1 + len(cluster.others) == len(files)
    return cluster
