"""Planned, embedded in shards and imported, a source is what an indexing run makes of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from binocle.errors import SourceError
from binocle.media.decoder_pool import DecoderPool
from binocle.types import Limits
from indexer.batch.batch_job import BatchJob, plan_job
from indexer.batch.planned_source import PlannedSource
from indexer.batch.shard_embedding import ShardEmbedder
from indexer.indexer import Report
from indexer.records import Elsewhere
from indexer.sources.base import Source
from indexer.sources.folder import FolderSource
from indexer.sources.registry import open_source
from indexer.sources.table import ColumnRoles
from tests.support import Bench, CountingEncoder, picture_bytes, shared_decoders, write_photos

Open = Callable[[], Source]


@pytest.fixture
def decoders() -> Iterator[DecoderPool]:
    with shared_decoders(2, Limits()) as pool:
        yield pool


def planned(bench: Bench, source: Source, folder: Path, *, shard_size: int = 6) -> BatchJob:
    return plan_job(
        bench.collection, source, folder, written={}, model="colour", space=bench.encoder.space,
        limits=Limits(), shard_size=shard_size,
    )  # fmt: skip


def embed_all(job: BatchJob, source: Source, decoders: DecoderPool) -> CountingEncoder:
    encoder = CountingEncoder()
    embedder = ShardEmbedder(job, encoder, decoders, source.open)
    for shard in job.missing():
        embedder.embed(shard)
    return encoder


def bring_in(bench: Bench, job: BatchJob, source: Source) -> Report:
    known = PlannedSource(job, source)
    return bench.indexer().run(known, Elsewhere(known.read_before, known.part_of))


def stored(bench: Bench) -> tuple[list[Any], Any]:
    """Return all that is stored but vectors, and these."""
    rows = bench.rows(
        "select r.key, r.uri, r.metadata, p.kind, p.role, p.position, p.uri, p.sha256, p.text, "
        "p.info, l.hash, l.features, c.colour from records r join parts p on p.record_id = r.id "
        "left join likenesses l on l.part_id = p.id left join picture_colours c "
        "on c.part_id = p.id order by p.id"
    )
    rows += bench.rows("select key, fingerprint, record_key, code, message from items order by key")
    vectors = bench.rows("select vector from vectors order by part_id")
    return rows, np.stack([np.frombuffer(one[0], "<f4") for one in vectors])


def photos(folder: Path) -> Open:
    write_photos(folder)
    (folder / "copy.jpg").write_bytes(picture_bytes(3))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8no picture")
    (folder / "2019" / "01.txt").write_text("a dog at the lake")
    return lambda: FolderSource(folder)


def products(folder: Path) -> Open:
    write_photos(folder)
    rows = [f"p{n},2020/{n:02}.jpg,shoe {n // 2},{n}.50" for n in range(0, 20, 2)]
    rows.append("p99,gone.jpg,a bag without its picture,7")
    (folder / "table.csv").write_text("id,image,title,price\n" + "\n".join(rows))
    return lambda: open_source(folder / "table.csv", ColumnRoles("id", "image", ("title",)))


@pytest.mark.parametrize("make", [photos, products])
def test_an_import_makes_what_an_indexing_run_makes(
    make: Callable[[Path], Open], tmp_path: Path, decoders: DecoderPool
) -> None:
    opened = make(tmp_path / "source")
    direct, imported = Bench(tmp_path / "direct"), Bench(tmp_path / "imported")
    report = direct.index(opened())
    job = planned(imported, opened(), tmp_path / "job")
    assert len(job.shards) > 1
    embed_all(job, opened(), decoders)
    assert not job.missing()
    own = bring_in(imported, job, opened())
    assert (imported.encoder.images, imported.encoder.texts) == (0, 0)
    assert (own.tally.added, own.tally.skipped) == (report.tally.added, report.tally.skipped)
    (rows, vectors), (wanted, exact) = stored(imported), stored(direct)
    assert rows == wanted
    np.testing.assert_allclose(vectors, exact, atol=1e-3)  # float16
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert bring_in(imported, job, opened()).tally.added == 0
    again = imported.index(opened())
    assert (again.tally.added, again.tally.updated, again.tally.removed) == (0, 0, 0)
    assert imported.encoder.images == 0


def test_only_what_is_new_is_planned_and_nothing_is_taken_out(
    tmp_path: Path, decoders: DecoderPool
) -> None:
    folder, bench = write_photos(tmp_path / "source"), Bench(tmp_path / "collection")
    bench.index(FolderSource(folder))
    assert planned(bench, FolderSource(folder), tmp_path / "nothing").items == 0
    (folder / "new.jpg").write_bytes(picture_bytes(77))
    (folder / "2020" / "00.jpg").unlink()
    job = planned(bench, FolderSource(folder), tmp_path / "job")
    assert job.items == 1
    embed_all(job, FolderSource(folder), decoders)
    before = bench.encoder.images
    tally = bring_in(bench, job, FolderSource(folder)).tally
    assert (tally.added, tally.removed, bench.encoder.images) == (1, 0, before)


def test_damaged_results_and_other_collections_are_refused(
    tmp_path: Path, decoders: DecoderPool
) -> None:
    source, bench = FolderSource(write_photos(tmp_path / "s")), Bench(tmp_path / "c")
    job = planned(bench, source, tmp_path / "job", shard_size=10)
    embed_all(job, source, decoders)
    job.result_of(1).write_bytes(b"PAR1 cut off")
    with pytest.raises(SourceError, match=r"is damaged .*; remove it and embed its shard again"):
        bring_in(bench, job, source)
    elsewhere = Bench(tmp_path / "elsewhere")
    elsewhere.index(FolderSource(write_photos(tmp_path / "t" / "s")))  # has the name
    with pytest.raises(SourceError, match="was planned for a collection in which"):
        bring_in(elsewhere, job, source)
