"""Two stored pictures: copies, variants, and which was made from the other."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from binocle.media import images
from experiments.copies.product_variants import VARIANTS
from indexer.sources.folder import FolderSource
from search.copies.pair_comparison import PairComparison
from search.copies.pairing import NO_FORM
from search.copies.stored_pictures import StoredPictures
from tests.support import Bench
from tests.support.drawings import drawn, encoded, product, read

Compare = Callable[[Image.Image, Image.Image], tuple[PairComparison, tuple[int, int]]]


@pytest.fixture
def compare(bench: Bench, tmp_path: Path) -> Compare:
    """Store two pictures and return what compares them, and their part ids."""

    def stored(*pair: Image.Image) -> tuple[PairComparison, tuple[int, int]]:
        (tmp_path / "pair").mkdir()
        for number, one in enumerate(pair):
            (tmp_path / "pair" / f"{number}.png").write_bytes(encoded(one))
        bench.index(FolderSource(tmp_path / "pair"))
        pairs = PairComparison(StoredPictures(read, images.load))
        with bench.collection.reading() as session:
            blocks = list(session.fingerprints.after(0))
            ids = sorted(int(one) for block in blocks for one in block.part_ids)
            pairs.pictures = session.fingerprints.pictures(ids)
        return pairs, (ids[0], ids[1])

    return stored


def test_two_forms_filled_in_differently_are_no_duplicates(compare: Compare) -> None:
    pictures = VARIANTS["form"](product(0, (90, 90, 90), (60, 80)), np.random.default_rng(1))
    pairs, ids = compare(*pictures)
    assert pairs.judge(ids, 0) is None
    assert pairs.judge_anyhow(ids) is None


def test_a_copy_with_a_logo_is_a_duplicate_and_the_logo_is_on_it(compare: Compare) -> None:
    plain = product(3, (176, 74, 84), (210, 280))
    marked = plain.copy()
    marked.paste((40, 200, 60), (150, 220, 200, 270))
    pairs, ids = compare(plain, marked)
    found = pairs.judge(ids, NO_FORM)
    assert found is not None
    assert found.verdict == "near-duplicate"
    assert pairs.drawn_on(ids) == ids[1]
    assert pairs.drawn_on((ids[1], ids[0])) == ids[1]
    assert not pairs.is_enlarged(ids)


def test_pixels_that_are_no_longer_kept_are_not_read_again_where_no_corners_agree(
    compare: Compare, tmp_path: Path
) -> None:
    pairs, ids = compare(drawn(1, (320, 240)), drawn(2, (320, 240)))
    for one in ids:
        pairs.features(one)
    pairs._views.clear()
    for path in (tmp_path / "pair").iterdir():
        path.unlink()
    assert pairs.judge(ids, NO_FORM) is None
    assert not pairs.unreadable
