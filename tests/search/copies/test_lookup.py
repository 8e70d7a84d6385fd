"""Reverse lookup over pictures drawn here; quality on photographs is measured by scripts/bench."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from binocle.collection.collection import Collection
from binocle.media import images
from binocle.media.decoder_pool import DecoderPool
from binocle.types import ImageSpec, Limits
from experiments.copies.evasions import EVASIONS
from experiments.copies.transformations import TRANSFORMATIONS, Transformation
from indexer.fingerprint_backfill import complete_fingerprints
from indexer.sources.folder import FolderSource
from search.copies.lookup import Lookup
from search.copies.verdicts import COPIES
from tests.support import Bench
from tests.support.drawings import drawn, encoded, read

_COUNT = 12


def draw_all(folder: Path) -> Path:
    folder.mkdir()
    for seed in range(_COUNT):
        (folder / f"{seed:02}.png").write_bytes(encoded(drawn(seed)))
    return folder


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    """A collection of pictures 0 to 11, which no test changes."""
    place = tmp_path_factory.mktemp("known")
    bench = Bench(place / "collection")
    bench.index(FolderSource(draw_all(place / "drawn")))
    yield bench.collection
    bench.collection.close()


@pytest.fixture
def finder(known: Collection) -> Lookup:
    return Lookup(known, read)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return draw_all(tmp_path / "drawn")


@pytest.fixture
def filled(bench: Bench, folder: Path) -> Collection:
    """The same, to be changed."""
    bench.index(FolderSource(folder))
    return bench.collection


@pytest.mark.parametrize(
    "name",
    [
        "light-gradient", "vignette", "inverted", "photographed-screen", "barrel",
        "collage-cropped-2x2", "collage-mirrored-2x2", "collage-cropped-3x3",
    ],
)  # fmt: skip
def test_light_lenses_negatives_and_collages_hide_no_picture(finder: Lookup, name: str) -> None:
    kind = next(one for one in EVASIONS if one.name == name)
    for seed in (3, 8):
        changed = kind.apply(drawn(seed), np.random.default_rng(seed), drawn(99))
        answer = finder.find(changed)
        assert answer.verdict in kind.verdicts
        assert answer.candidates[0].record.id.endswith(f"{seed:02}.png")


@pytest.mark.parametrize("kind", TRANSFORMATIONS, ids=lambda kind: kind.name)
def test_changed_picture_is_found_and_named(finder: Lookup, kind: Transformation) -> None:
    changed = kind.apply(drawn(3), np.random.default_rng(5), drawn(99))
    best = finder.find(changed).candidates[0]
    assert best.record.id.endswith("03.png")
    assert best.judgement.verdict in kind.verdicts
    assert best.judgement.confidence >= 0.5


def test_same_bytes_and_same_pixels_are_told_apart(finder: Lookup) -> None:
    stored = encoded(drawn(7))
    assert finder.find(stored).verdict == "same-file"
    assert finder.find(encoded(drawn(7), "PNG", compress_level=9)).verdict == "same-pixels"
    changed = np.array(drawn(7))
    changed[100, 100] ^= 1
    assert finder.find(encoded(Image.fromarray(changed))).verdict == "near-duplicate"


@pytest.mark.slow
def test_unknown_pictures_are_copies_of_nothing(finder: Lookup) -> None:
    for seed in range(100, 120):
        answer = finder.find(encoded(drawn(seed)))
        assert not [one for one in answer.candidates if one.judgement.verdict in COPIES]
        assert answer.verdict == "none"


def test_similar_is_named_by_the_embedding_and_never_a_copy(known: Collection) -> None:
    row = known.vectors_of("drawn/04.png")[1]["image"][0]
    answer = Lookup(known, read, embed=lambda _: row).find(encoded(drawn(500)))
    assert answer.verdict in ("similar", "none")
    similar = [one for one in answer.candidates if one.judgement.verdict == "similar"]
    assert similar[0].record.id.endswith("04.png")
    assert all(one.judgement.confidence < 0.5 for one in similar)


@pytest.mark.parametrize(("cosine", "expected"), [(0.45, "none"), (0.75, "similar")])
def test_only_what_is_clearly_nearer_is_similar(
    known: Collection, cosine: float, expected: str
) -> None:
    ids = [f"drawn/{number:02}.png" for number in range(_COUNT)]
    rows = np.stack([known.vectors_of(one)[1]["image"][0] for one in ids])
    away = np.linalg.svd(rows)[2][-1]  # at right angles to all of them
    row = (cosine * rows[4] + (1 - cosine**2) ** 0.5 * away).astype(np.float32)
    assert Lookup(known, read, embed=lambda _: row).find(encoded(drawn(500))).verdict == expected


def test_region_of_a_crop_is_where_it_was_cut(finder: Lookup) -> None:
    cut = drawn(2).crop((80, 60, 240, 180))  # a quarter to three quarters, both ways
    judgement = finder.find(encoded(cut)).candidates[0].judgement
    assert judgement.verdict == "part"
    region = judgement.stored_region
    assert region is not None
    np.testing.assert_allclose((region.x, region.y, region.w, region.h), (0.25, 0.25, 0.5, 0.5),
                               atol=0.02)  # fmt: skip


def test_region_in_a_collage_is_its_tile_and_corners_go_clockwise(finder: Lookup) -> None:
    sheet = Image.new("RGB", (640, 240))
    sheet.paste(drawn(77), (0, 0))
    sheet.paste(drawn(5), (320, 0))
    judgement = finder.find(encoded(sheet)).candidates[0].judgement
    region = judgement.query_region
    assert judgement.verdict == "part"
    assert region is not None
    np.testing.assert_allclose((region.x, region.w), (0.5, 0.5), atol=0.02)
    np.testing.assert_allclose(judgement.corners, [(0.5, 0), (1, 0), (1, 1), (0.5, 1)], atol=0.03)


@pytest.mark.parametrize(
    ("turn", "angle"), [(Image.Transpose.ROTATE_90, 90.0), (Image.Transpose.ROTATE_270, -90.0)]
)
def test_angle_says_how_to_turn_it_back(
    finder: Lookup, turn: Image.Transpose, angle: float
) -> None:
    judgement = finder.find(encoded(drawn(1).transpose(turn))).candidates[0].judgement
    assert judgement.verdict == "rotated"
    assert judgement.angle == pytest.approx(angle, abs=1.0)


def test_answer_is_the_same_each_time(finder: Lookup) -> None:
    kind = next(one for one in TRANSFORMATIONS if one.name == "perspective")
    changed = kind.apply(drawn(6), np.random.default_rng(1), drawn(99))
    first, second = finder.find(changed), finder.find(changed)
    assert first.candidates == second.candidates


def test_removed_picture_is_not_found_and_new_one_is(
    filled: Collection, bench: Bench, folder: Path
) -> None:
    finder = Lookup(filled, read)
    mirrored = encoded(drawn(8).transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    assert finder.find(mirrored).verdict == "mirrored"
    filled.remove(["drawn/08.png"])
    assert finder.find(mirrored).verdict == "none"
    (folder / "new.png").write_bytes(encoded(drawn(40)))
    bench.index(FolderSource(folder))
    assert finder.find(encoded(drawn(40), "JPEG", quality=30)).verdict == "near-duplicate"


def test_of_a_stored_picture_that_is_gone_a_near_hash_is_told(
    filled: Collection, folder: Path
) -> None:
    (folder / "09.png").unlink()
    answer = Lookup(filled, read).find(encoded(drawn(9), "JPEG", quality=30))
    assert (answer.verdict, answer.unreadable) == ("hash-match", 1)
    assert answer.candidates[0].record.id == "drawn/09.png"
    assert 0.5 <= answer.candidates[0].judgement.confidence <= 0.9
    part = encoded(drawn(9).crop((60, 40, 240, 180)))
    assert Lookup(filled, read).find(part).verdict == "none"


def test_a_plain_picture_matches_none_by_its_hash_alone(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "white.png").write_bytes(encoded(Image.new("RGB", (200, 200), "white")))
    bench.index(FolderSource(folder))
    (folder / "white.png").unlink()
    answer = Lookup(bench.collection, read).find(encoded(Image.new("RGB", (200, 200), "navy")))
    assert answer.verdict == "none"


def test_collection_from_before_is_filled_in(filled: Collection) -> None:
    with closing(sqlite3.connect(filled.path / "catalog.sqlite")) as older, older:
        older.execute("DELETE FROM likenesses")
    (filled.path / "likeness.stamp.json").unlink()
    changed = encoded(drawn(3), "JPEG", quality=40)
    with Collection(filled.path) as opened, DecoderPool(2, Limits()) as decoders:
        finder = Lookup(opened, read)
        answer = finder.find(changed)
        assert (answer.verdict, answer.unprepared) == ("none", _COUNT)
        assert complete_fingerprints(opened, read, decoders) == _COUNT
        assert complete_fingerprints(opened, read, decoders) == 0
        answer = finder.find(changed)
        assert (answer.verdict, answer.unprepared) == ("near-duplicate", 0)


def test_plain_pictures_are_no_copies_of_each_other(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "white.png").write_bytes(encoded(Image.new("RGB", (200, 200), "white")))
    bench.index(FolderSource(folder))
    answer = Lookup(bench.collection, read).find(encoded(Image.new("RGB", (200, 200), "navy")))
    assert answer.verdict == "none"


def test_empty_collection_knows_nothing(bench: Bench) -> None:
    assert Lookup(bench.collection, read).find(encoded(drawn(1))).verdict == "none"


def test_likeness_of_a_turned_file_is_that_of_the_upright_picture() -> None:
    upright = drawn(11)
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = encoded(upright.transpose(Image.Transpose.ROTATE_90), "PNG", exif=exif)
    spec = ImageSpec(64, 64, fingerprint=True)
    one, other = images.load(encoded(upright), spec), images.load(lying, spec)
    assert one.fingerprint is not None
    assert one.fingerprint == other.fingerprint
    assert images.load(lying, ImageSpec(64, 64)).fingerprint is None
