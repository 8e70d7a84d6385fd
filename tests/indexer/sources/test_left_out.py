"""What patterns and ignore files leave out is not looked at, and goes from the collection."""

import zipfile
from pathlib import Path

import pytest

from binocle.errors import UsageError
from indexer.sources.archive import ArchiveSource
from indexer.sources.folder import FileSource, FolderSource
from indexer.sources.left_out import LeftOut, checked_patterns, is_systems
from indexer.sources.registry import open_source
from indexer.sources.table import ColumnRoles
from tests.support import Bench, picture_bytes

FILES = ("a.jpg", "b.png", "drafts/c.jpg", "old/drafts/d.jpg", "old/e.png", "old/logo.png")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for seed, name in enumerate(FILES):
        path = tmp_path / "p" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture_bytes(seed))
    (tmp_path / "p" / "a.json").write_text('{"caption": "a dog"}')
    return tmp_path / "p"


def keys(source: FolderSource | ArchiveSource) -> set[str]:
    return {one.key for one in source.scan("p")}


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        (["*.png"], {"a.jpg", "drafts/c.jpg", "old/drafts/d.jpg"}),
        (["*.png", "!logo.png"], {"a.jpg", "drafts/c.jpg", "old/drafts/d.jpg", "old/logo.png"}),
        (["drafts/"], {"a.jpg", "b.png", "old/e.png", "old/logo.png"}),
        (["/drafts", "old/*.png"], {"a.jpg", "b.png", "old/drafts/d.jpg"}),
        (["**/drafts/**", "[ab].*"], {"old/e.png", "old/logo.png"}),
        (["# nothing"][:0], set(FILES)),
    ],
)
def test_patterns_are_those_of_gitignore_in_folders_and_archives(
    pictures: Path, patterns: list[str], left: set[str]
) -> None:
    assert keys(FolderSource(pictures, exclude=patterns)) == left
    path = pictures.parent / "p.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in FILES:
            archive.write(pictures / name, name)
    assert keys(ArchiveSource(path, exclude=patterns)) == left


def test_ignore_file_counts_for_its_folder_and_the_nearest_decides(pictures: Path) -> None:
    (pictures / ".binocleignore").write_text("# mine\n*.png\n/drafts/\n")
    (pictures / "old" / ".binocleignore").write_text("!logo.png\n/drafts/\n")
    assert keys(FolderSource(pictures)) == {"a.jpg", "old/logo.png"}
    assert keys(FolderSource(pictures, exclude=["!b.png", "logo.*"])) == {"a.jpg", "b.png"}
    assert keys(FolderSource(pictures, within=pictures / "old")) == {"old/logo.png"}


def test_ignore_file_above_counts_for_a_run_over_a_subfolder(pictures: Path) -> None:
    (pictures / ".binocleignore").write_text("e.png\n")
    part = FolderSource(pictures, within=pictures / "old")
    assert keys(part) == {"old/drafts/d.jpg", "old/logo.png"}


def test_what_is_left_out_now_goes_from_the_collection(bench: Bench, pictures: Path) -> None:
    assert bench.index(FolderSource(pictures)).tally.added == 6
    tally = bench.index(FolderSource(pictures, exclude=["*.png"])).tally
    assert (tally.removed, tally.unchanged) == (3, 3)
    (pictures / ".binocleignore").write_text("drafts/")
    assert bench.index(FolderSource(pictures, exclude=["*.png"])).tally.removed == 2
    assert bench.ids() == ["p/a.jpg"]
    (pictures / ".binocleignore").unlink()
    assert bench.index(FolderSource(pictures, exclude=["drafts/"])).tally.added == 3
    assert bench.index(FileSource(pictures / "old" / "e.png")).tally.added == 1


def test_sidecar_that_is_left_out_says_nothing(pictures: Path) -> None:
    told = {one.key: one.texts for one in FolderSource(pictures).scan("p")}
    assert told["a.jpg"]
    silent = {one.key: one.texts for one in FolderSource(pictures, exclude=["*.json"]).scan("p")}
    assert set(silent) == set(FILES)
    assert not silent["a.jpg"]


def test_line_that_is_no_pattern_costs_itself_and_is_told(pictures: Path) -> None:
    (pictures / ".binocleignore").write_text("!\n*.png\n")
    source = FolderSource(pictures)
    assert keys(source) == {"a.jpg", "drafts/c.jpg", "old/drafts/d.jpg"}
    (told,) = source.warnings()
    assert told.endswith(".binocleignore, line 1: '!' is no pattern")


@pytest.mark.parametrize("pattern", ["!", "", "#x", "/"])
def test_pattern_that_means_nothing_is_an_error(pattern: str) -> None:
    with pytest.raises(UsageError, match=r"leaves nothing out; write it as in \.gitignore"):
        checked_patterns(["*.png", pattern])


def test_nothing_can_be_left_out_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,title\n1,a\n")
    with pytest.raises(UsageError, match="is no folder and no archive"):
        open_source(tmp_path / "t.csv", ColumnRoles(), exclude=["*.png"])


def test_paths_are_those_below_the_root() -> None:
    left_out = LeftOut("/a/b", ["/c.jpg", "d/"])
    assert left_out.has("/a/b/c.jpg")
    assert not left_out.has("/a/b/x/c.jpg")
    assert left_out.has("/a/b/d", is_folder=True)
    assert not left_out.has("/a/b/d")
    assert list(map(is_systems, ("@eaDir", ".x", "eaDir"))) == [True, True, False]
