"""Products look alike: what tells copies of their pictures from pictures of others."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from binocle.types import Part
from experiments.copies.transformations import TRANSFORMATIONS
from indexer.sources.folder import FolderSource
from search.copies.lookup import Lookup
from search.copies.lookup_candidates import LookupAnswer
from search.copies.verdicts import COPIES
from tests.support import Bench
from tests.support.drawings import drawn, product

pytestmark = pytest.mark.slow

RED, GREEN = (176, 74, 84), (60, 130, 84)
KINDS = {one.name: one for one in TRANSFORMATIONS}


def encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lookup]:
    """Six thumbnails, six larger pictures of products, and two photographs."""
    place = tmp_path_factory.mktemp("shop")
    (place / "pictures").mkdir()
    for seed in range(6):
        small, large = product(seed, RED, (60, 80)), product(seed + 50, RED, (210, 280))
        (place / "pictures" / f"small-{seed:02}.jpg").write_bytes(encoded(small))
        (place / "pictures" / f"large-{seed:02}.jpg").write_bytes(encoded(large))
    for seed in range(2):
        (place / "pictures" / f"photo-{seed}.jpg").write_bytes(encoded(drawn(seed, (224, 224))))
    bench = Bench(place / "collection")
    bench.index(FolderSource(place / "pictures"))
    yield Lookup(bench.collection, read)
    bench.collection.close()


def read(part: Part) -> bytes:
    return Path(part.uri).read_bytes()


def copies(answer: LookupAnswer) -> list[tuple[str, str]]:
    return [
        (Path(one.part.uri).stem, one.judgement.verdict)
        for one in answer.candidates
        if one.judgement.verdict in COPIES
    ]


@pytest.mark.parametrize(("first", "size"), [(0, (60, 80)), (50, (210, 280))])
def test_product_in_another_colour_is_no_copy(
    shop: Lookup, first: int, size: tuple[int, int]
) -> None:
    for seed in range(first, first + 6):
        assert copies(shop.find(encoded(product(seed, GREEN, size)))) == []


@pytest.mark.parametrize("name", ["grey", "hue", "sepia", "saturation", "brightness", "gamma"])
@pytest.mark.parametrize(("first", "stem"), [(0, "small"), (50, "large")])
def test_recoloured_picture_of_a_product_is_a_copy(
    shop: Lookup, name: str, first: int, stem: str
) -> None:
    size = (60, 80) if stem == "small" else (210, 280)
    for seed in range(2):
        picture = product(first + seed, RED, size)
        changed = KINDS[name].apply(picture, np.random.default_rng(seed), picture)
        assert copies(shop.find(changed)) == [(f"{stem}-{seed:02}", "near-duplicate")]


@pytest.mark.parametrize("name", ["logo", "perspective", "watermark", "border", "crop-20%"])
def test_changed_thumbnail_of_a_product_is_found(shop: Lookup, name: str) -> None:
    for seed in range(3):
        picture = product(seed, RED, (60, 80))
        changed = KINDS[name].apply(picture, np.random.default_rng(seed), picture)
        assert copies(shop.find(changed)) == [(f"small-{seed:02}", "near-duplicate")]


@pytest.mark.parametrize("name", ["collage-1x2", "collage-2x2"])
def test_photo_beside_a_product_is_a_part_not_a_framed_copy(shop: Lookup, name: str) -> None:
    for seed in range(3):
        photo, other = drawn(seed % 2, (224, 224)), product(90 + seed, GREEN, (210, 280))
        sheet = KINDS[name].apply(photo, np.random.default_rng(seed), other)
        assert copies(shop.find(sheet)) == [(f"photo-{seed % 2}", "part")]


def test_faint_picture_in_a_busy_collage_is_found(bench: Bench, tmp_path: Path) -> None:
    soft = drawn(4, (224, 224)).resize((12, 12)).resize((224, 224), Image.Resampling.BICUBIC)
    (tmp_path / "soft").mkdir()
    (tmp_path / "soft" / "soft.jpg").write_bytes(encoded(soft))
    bench.index(FolderSource(tmp_path / "soft"))
    for seed in range(2):
        sheet = KINDS["collage-2x2"].apply(
            soft, np.random.default_rng(seed), drawn(70 + seed, (224, 224))
        )
        assert copies(Lookup(bench.collection, read).find(sheet)) == [("soft", "part")]
