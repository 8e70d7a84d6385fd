"""Products look alike: what tells copies of their pictures from pictures of others."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from binocle.types import Part
from experiments.copies.transformations import TRANSFORMATIONS
from indexer.sources.folder import FolderSource
from search.copies.lookup import Lookup, LookupAnswer
from search.copies.verdicts import COPIES
from tests.search.copies.test_lookup import drawn
from tests.support import Bench

RED, GREEN = (176, 74, 84), (60, 130, 84)
KINDS = {one.name: one for one in TRANSFORMATIONS}


def product(seed: int, colour: tuple[int, int, int], size: tuple[int, int]) -> Image.Image:
    """Return a thing of one colour with seams, knobs and shading, on white."""
    random = np.random.default_rng(seed)
    large = Image.new("RGB", (480, 640), (255, 255, 255))
    draw = ImageDraw.Draw(large)
    left, top, right, bottom = (random.integers(40, 130, 4) * (1, 1, -1, -1)).tolist()
    box = (left, top, 480 + right, 640 + bottom)
    draw.rounded_rectangle(box, 40, colour)
    for _ in range(14):
        x, y = random.integers(box[0], box[2] - 40), random.integers(box[1], box[3] - 40)
        w, h = random.integers(20, 130, 2)
        share = random.uniform(0.35, 1.25)
        shade = tuple(min(255, int(share * one)) for one in colour)
        draw.rounded_rectangle((x, y, min(x + w, box[2]), min(y + h, box[3])), 8, shade)
    return large.resize(size, Image.Resampling.LANCZOS)


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
