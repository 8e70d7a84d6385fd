"""What a second run does, and what a run leaves behind."""

import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from binocle.errors import BusyError, NothingIndexedError, SourceError, SpaceMismatchError
from binocle.types import Limits, Space
from indexer.indexer import Progress
from indexer.sources.base import Candidate
from indexer.sources.folder import FileSource, FolderSource
from indexer.sources.registry import open_source
from indexer.sources.table import ColumnRoles
from tests.support import Bench, picture_bytes


def test_every_picture_of_a_folder_becomes_a_record(bench: Bench, photos: Path) -> None:
    tally = bench.index(FolderSource(photos)).tally
    assert (tally.added, tally.images_embedded, tally.skipped) == (20, 20, 0)
    assert len(bench.ids()) == 20
    assert bench.ids()[0] == "photos/2019/01.jpg"


def test_unchanged_pictures_are_neither_read_nor_embedded_again(bench: Bench, photos: Path) -> None:
    bench.index(FolderSource(photos))
    for path in photos.rglob("*.jpg"):
        status = path.stat()
        path.write_bytes(b"\0" * status.st_size)  # reading it now would skip it
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    bench.encoder.images = 0
    tally = bench.index(FolderSource(photos)).tally
    assert (tally.unchanged, tally.added, tally.updated, tally.skipped) == (20, 0, 0, 0)
    assert bench.encoder.images == 0


def test_a_run_over_an_unchanged_source_never_loads_the_encoder(bench: Bench, photos: Path) -> None:
    bench.index(FolderSource(photos))
    bench.encoder = None  # type: ignore[assignment]
    assert bench.index(FolderSource(photos)).tally.unchanged == 20


def test_touched_picture_is_not_embedded_again_and_keeps_its_part(
    bench: Bench, photos: Path
) -> None:
    bench.index(FolderSource(photos))
    before = bench.rows("select id from parts order by id")
    os.utime(photos / "2019" / "01.jpg", ns=(1, 1))
    bench.encoder.images = 0
    tally = bench.index(FolderSource(photos)).tally
    assert (tally.updated, tally.reused, bench.encoder.images) == (1, 1, 0)
    assert bench.rows("select id from parts order by id") == before


def test_renamed_picture_is_recognised_and_not_embedded_again(bench: Bench, photos: Path) -> None:
    bench.index(FolderSource(photos))
    (photos / "2019" / "01.jpg").rename(photos / "2019" / "lake.jpg")
    bench.encoder.images = 0
    tally = bench.index(FolderSource(photos)).tally
    assert (tally.added, tally.removed, bench.encoder.images) == (1, 1, 0)
    assert "photos/2019/lake.jpg" in bench.ids()
    assert "photos/2019/01.jpg" not in bench.ids()


def test_copies_are_embedded_once_also_within_one_run(bench: Bench, photos: Path) -> None:
    shutil.copytree(photos / "2019", photos / "backup")
    tally = bench.index(FolderSource(photos)).tally
    assert (tally.added, bench.encoder.images) == (30, 20)
    vectors = bench.rows("select count(distinct vector) from vectors")[0][0]
    assert vectors == 20


def test_a_content_moved_on_while_its_name_got_another_one_is_kept(
    bench: Bench, tmp_path: Path
) -> None:
    folder = tmp_path / "chain"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number:02}.jpg").write_bytes(picture_bytes(number))
    bench.index(FolderSource(folder))
    (folder / "00.jpg").rename(folder / "99.jpg")  # indexed long after 00.jpg is replaced
    for number in range(40):
        (folder / f"{number:02}.jpg").write_bytes(picture_bytes(100 + number))
    tally = bench.index(FolderSource(folder)).tally
    assert (tally.updated, tally.added, tally.skipped) == (40, 1, 0)
    assert "chain/99.jpg" in bench.ids()


def test_changed_picture_gets_a_new_vector_and_part(bench: Bench, photos: Path) -> None:
    bench.index(FolderSource(photos))
    path = photos / "2020" / "00.jpg"
    query = "select p.id, p.sha256, v.vector from parts p join vectors v on v.part_id = p.id "
    query += "join records r on r.id = p.record_id where r.key = 'photos/2020/00.jpg'"
    before = bench.rows(query)[0]
    path.write_bytes(picture_bytes(99))
    assert bench.index(FolderSource(photos)).tally.updated == 1
    after = bench.rows(query)
    assert len(after) == 1
    assert after[0][0] > before[0]
    assert after[0][1] != before[1]
    assert after[0][2] != before[2]


def test_what_vanished_from_a_source_vanishes_and_other_sources_stay(
    bench: Bench, photos: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(photos / "2019", other)
    bench.index(FolderSource(photos))
    bench.index(FolderSource(other))
    shutil.rmtree(photos / "2019")
    tally = bench.index(FolderSource(photos)).tally
    assert (tally.removed, tally.unchanged) == (10, 10)
    assert sum(one.startswith("other/") for one in bench.ids()) == 10
    assert sum(one.startswith("photos/2019/") for one in bench.ids()) == 0
    assert bench.rows("select count(*) from vectors")[0][0] == 20


def test_a_source_that_is_gone_keeps_its_records(bench: Bench, photos: Path) -> None:
    bench.index(FolderSource(photos))
    photos.rename(photos.with_name("unmounted"))
    with pytest.raises(SourceError, match="cannot read the folder"):
        bench.index(FolderSource(photos))
    assert len(bench.ids()) == 20


def test_indexing_a_subfolder_refreshes_only_that_part(bench: Bench, photos: Path) -> None:
    bench.index(FolderSource(photos))
    (photos / "2019" / "01.jpg").unlink()
    (photos / "2020" / "00.jpg").unlink()
    bench.index(FolderSource(photos / "2019"))
    assert "photos/2019/01.jpg" not in bench.ids()
    assert "photos/2020/00.jpg" in bench.ids()
    assert len(bench.rows("select * from sources")) == 1


def test_a_parent_folder_takes_over_its_subfolders_pictures(bench: Bench, photos: Path) -> None:
    bench.index(FolderSource(photos / "2019"))
    bench.encoder.images = 0
    bench.index(FolderSource(photos))
    assert bench.encoder.images == 10
    assert len(bench.ids()) == 20
    assert all(one.startswith("photos/") for one in bench.ids())


def test_sources_of_the_same_name_do_not_mix(bench: Bench, photos: Path, tmp_path: Path) -> None:
    twin = tmp_path / "elsewhere" / "photos"
    shutil.copytree(photos, twin)
    bench.index(FolderSource(photos))
    bench.index(FolderSource(twin))
    assert len(bench.ids()) == 40


def test_bad_files_have_an_outcome_and_good_ones_beside_them_are_indexed(
    bench: Bench, photos: Path
) -> None:
    (photos / "cut.jpg").write_bytes(picture_bytes(50, size=(300, 150))[:1500])
    (photos / "text.png").write_text("not a picture")
    (photos / "empty.gif").touch()
    (photos / "film.mov").write_bytes(b"x")
    (photos / "large.png").write_bytes(picture_bytes(51, size=(300, 300), format="PNG"))
    (photos / "dangling.jpg").symlink_to(photos / "nowhere.jpg")
    os.mkfifo(photos / "pipe.jpg")
    tally = bench.index(FolderSource(photos), Limits(max_pixels=50_000)).tally
    assert tally.added == 20
    outcomes = dict(bench.rows("select key, code from items where code is not null"))
    assert outcomes == {
        "cut.jpg": "truncated",
        "text.png": "not-a-picture",
        "empty.gif": "truncated",
        "film.mov": "not-a-picture",
        "large.png": "too-large",
        "dangling.jpg": "unreadable-file",
        "pipe.jpg": "unreadable-file",
    }
    assert tally.skipped == len(outcomes)


def test_a_skipped_file_is_tried_again_when_it_or_its_limit_changes(
    bench: Bench, photos: Path
) -> None:
    large = photos / "large.png"
    large.write_bytes(picture_bytes(51, size=(300, 300), format="PNG"))
    (photos / "text.png").write_text("not a picture")
    bench.index(FolderSource(photos), Limits(max_pixels=50_000))
    again = bench.index(FolderSource(photos), Limits(max_pixels=50_000)).tally
    assert (again.skipped, again.added) == (2, 0)
    raised = bench.index(FolderSource(photos)).tally
    assert (raised.skipped, raised.added) == (1, 1)
    (photos / "text.png").write_bytes(picture_bytes(52, format="PNG"))
    assert bench.index(FolderSource(photos)).tally.added == 1


def test_a_picture_that_became_unreadable_leaves_the_collection(bench: Bench, photos: Path) -> None:
    bench.index(FolderSource(photos))
    (photos / "2020" / "00.jpg").write_text("overwritten")
    tally = bench.index(FolderSource(photos)).tally
    assert (tally.skipped, tally.unchanged) == (1, 19)
    assert "photos/2020/00.jpg" not in bench.ids()


def test_hidden_names_and_symlink_loops_are_left_out(bench: Bench, photos: Path) -> None:
    (photos / ".thumbnails").mkdir()
    (photos / ".thumbnails" / "a.jpg").write_bytes(picture_bytes(60))
    (photos / ".b.jpg").write_bytes(picture_bytes(61))
    (photos / "2019" / "loop").symlink_to(photos)
    (photos / "again").symlink_to(photos / "2019")
    assert bench.index(FolderSource(photos)).tally.added == 20


def test_an_unreadable_subfolder_keeps_its_records(bench: Bench, photos: Path) -> None:
    source = FolderSource(photos)
    bench.index(source)

    class Blocked(FolderSource):
        def _files(self) -> Iterator[tuple[str, str, str]]:
            self._unread.add("2019/")
            return (one for one in super()._files() if not one[0].startswith("2019/"))

    assert bench.index(Blocked(photos)).tally.removed == 0
    assert len(bench.ids()) == 20


def test_an_empty_folder_says_so(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingIndexedError, match="holds nothing to index"):
        bench.index(FolderSource(tmp_path / "empty"))


def test_a_folder_that_is_empty_now_keeps_its_records_and_tells_how_to_remove_them(
    bench: Bench, photos: Path
) -> None:
    source = FolderSource(photos)
    bench.index(source)
    before = bench.ids()
    away = photos.parent / "away"
    photos.rename(away)  # an unmounted disk's mount point
    photos.mkdir()
    remedy = (
        rf"20 records are kept.*binocle remove --source {photos} -c {bench.collection.path.name}\)$"
    )
    with pytest.raises(NothingIndexedError, match=f"{photos} holds nothing to index; its {remedy}"):
        bench.index(FolderSource(photos))
    (photos / "README.txt").write_text("the disk is not here")
    with pytest.raises(NothingIndexedError, match=f"1 skipped.*{remedy}"):
        bench.index(FolderSource(photos))
    assert bench.ids() == before
    (photos / "README.txt").unlink()
    photos.rmdir()
    away.rename(photos)
    tally = bench.index(FolderSource(photos)).tally
    assert (tally.unchanged, tally.added, tally.removed) == (20, 0, 0)
    (photos / "2020" / "00.jpg").unlink()
    assert bench.index(FolderSource(photos)).tally.removed == 1


def test_a_subfolder_that_is_empty_now_keeps_its_records(bench: Bench, photos: Path) -> None:
    bench.index(FolderSource(photos))
    before = bench.ids()
    for file in (photos / "2019").iterdir():
        file.unlink()
    name = bench.collection.path.name
    remedy = f"remove the folder, then binocle index {photos} -c {name}"
    says = f"2019 holds nothing to index; .*kept.*{remedy}"
    with pytest.raises(NothingIndexedError, match=says):
        bench.index(FolderSource(photos / "2019"))
    assert bench.ids() == before
    (photos / "2019").rmdir()
    assert bench.index(FolderSource(photos)).tally.removed == 10


def test_an_empty_folder_above_does_not_take_over_a_known_one(bench: Bench, photos: Path) -> None:
    above = photos.parent / "above"
    above.mkdir()
    photos.rename(above / "photos")
    bench.index(FolderSource(above / "photos"))
    before = bench.ids()
    shutil.rmtree(above / "photos")
    with pytest.raises(NothingIndexedError):
        bench.index(FolderSource(above))
    assert bench.ids() == before


def test_an_archive_and_a_table_that_are_empty_now_keep_their_records(
    bench: Bench, photos: Path
) -> None:
    archive, table = photos.parent / "a.zip", photos.parent / "t.csv"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(photos / "2019" / "01.jpg", "01.jpg")
    table.write_text("id,title\n1,red bag\n2,blue bag\n")
    bench.index(open_source(archive, ColumnRoles()))
    bench.index(open_source(table, ColumnRoles()))
    before = bench.ids()
    zipfile.ZipFile(archive, "w").close()
    table.write_text("id,title\n")
    for source, said in ((archive, "record is"), (table, "2 records are")):
        with pytest.raises(NothingIndexedError, match=f"its {said} kept"):
            bench.index(open_source(source, ColumnRoles()))
    assert bench.ids() == before


def test_a_folder_without_a_usable_picture_names_the_first_reason(
    bench: Bench, tmp_path: Path
) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "a.jpg").write_text("x")
    with pytest.raises(NothingIndexedError, match=r"a\.jpg.*damaged"):
        bench.index(FolderSource(folder))


def test_a_single_picture_is_a_source(bench: Bench, photos: Path) -> None:
    bench.index(FileSource(photos / "2019" / "01.jpg"))
    assert bench.ids() == ["01.jpg"]


def test_a_second_run_at_the_same_time_is_refused(bench: Bench, photos: Path) -> None:
    with (
        FileLock(bench.collection.path / "indexing.lock"),
        pytest.raises(BusyError, match="another run is indexing"),
    ):
        bench.index(FolderSource(photos))


def test_another_model_is_refused_and_nothing_changes(bench: Bench, photos: Path) -> None:
    bench.index(FolderSource(photos))
    (photos / "new.jpg").write_bytes(picture_bytes(70))
    bench.encoder.space = Space("other", bench.encoder.space.dimension, "f00")
    with pytest.raises(SpaceMismatchError, match="'colour', not with 'other'"):
        bench.index(FolderSource(photos))
    assert len(bench.ids()) == 20


def test_names_that_are_no_utf8_are_indexed(bench: Bench, photos: Path) -> None:
    raw = os.fsencode(photos) + b"/caf\xe9.jpg"
    with open(raw, "wb") as file:
        file.write(picture_bytes(80))
    assert bench.index(FolderSource(photos)).tally.added == 21
    assert "photos/caf\\xe9.jpg" in bench.ids()


def test_the_picture_facts_are_metadata(bench: Bench, photos: Path) -> None:
    bench.index(FolderSource(photos))
    metadata = bench.collection.record("photos/2019/01.jpg").metadata
    assert metadata["filename"] == "01.jpg"
    assert metadata["folder"] == "2019"
    assert (metadata["width"], metadata["height"], metadata["format"]) == (96, 64, "jpeg")
    assert metadata["bytes"] == (photos / "2019" / "01.jpg").stat().st_size
    assert len(str(metadata["sha256"])) == 64


def test_a_picture_of_a_known_folder_is_not_a_second_record(bench: Bench, photos: Path) -> None:
    bench.index(FolderSource(photos))
    (photos / "2019" / "new.jpg").write_bytes(picture_bytes(90))
    assert bench.index(FileSource(photos / "2019" / "new.jpg")).tally.added == 1
    assert "photos/2019/new.jpg" in bench.ids()
    assert len(bench.ids()) == 21


def test_what_systems_keep_for_themselves_is_left_out(bench: Bench, tmp_path: Path) -> None:
    for seed, name in enumerate(("a", "x/@eaDir/a.jpg", "#recycle", "quiet", "$RECYCLE.BIN")):
        folder = tmp_path / "all" / name
        folder.mkdir(parents=True)
        (folder / "b.jpg").write_bytes(picture_bytes(seed))
    (tmp_path / "all" / "quiet" / ".nomedia").touch()
    assert bench.index(FolderSource(tmp_path / "all")).tally.added == 1
    assert bench.ids() == ["all/a/b.jpg"]


def test_what_was_in_a_subfolder_that_is_empty_now_is_kept(bench: Bench, photos: Path) -> None:
    bench.index(FolderSource(photos))
    for file in (photos / "2019").iterdir():
        file.unlink()
    assert bench.index(FolderSource(photos)).tally.removed == 0
    assert len(bench.ids()) == 20
    (photos / "2019").rmdir()
    assert bench.index(FolderSource(photos)).tally.removed == 10


class GrowingFolder(FolderSource):
    """A folder that a picture comes into once it has been counted."""

    def scan(self, name: str) -> Iterator[Candidate]:
        (self.path / "z.jpg").write_bytes(picture_bytes(99))
        yield from super().scan(name)


def test_progress_never_passes_its_total_where_a_folder_grows_meanwhile(
    bench: Bench, photos: Path
) -> None:
    told: list[Progress] = []
    bench.indexer(on_progress=told.append).run(GrowingFolder(photos))
    assert "z.jpg" in {one.rsplit("/", 1)[1] for one in bench.ids()}
    assert max(one.done for one in told) > told[0].total
    assert [one for one in told if one.done > one.total] == []
