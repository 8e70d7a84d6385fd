"""A product in other words or with another detail is no copy; words put on top of it make one."""

import io

import numpy as np
import pytest
from PIL import Image

from binocle.fingerprints.picture_view import PictureView
from binocle.fingerprints.verification import verify_whole
from binocle.fingerprints.verified_match import VerifiedMatch
from experiments.copies.product_variants import VARIANTS
from experiments.copies.transformations import TRANSFORMATIONS
from tests.support.drawings import product

RED = (176, 74, 84)
KINDS = {one.name: one for one in TRANSFORMATIONS}


def match(query: Image.Image, stored: Image.Image) -> VerifiedMatch:
    found = verify_whole(PictureView(np.asarray(query)), PictureView(np.asarray(stored)), 0)
    assert found is not None
    assert found.variation is not None
    return found


@pytest.mark.parametrize("name", ["words", "detail", "form", "sheet"])
def test_most_pairs_on_one_template_are_variants(name: str) -> None:
    shown = [
        match(*VARIANTS[name](product(seed, RED, (210, 280)), np.random.default_rng(seed)))
        for seed in range(6)
    ]
    varying = [one.variation for one in shown if one.variation and one.variation.log_odds > 0]
    assert len(varying) >= 4
    assert all(one.regions for one in varying)


@pytest.mark.parametrize("name", ["logo", "text", "watermark", "sticker", "jpeg-25", "brightness"])
def test_what_is_put_on_top_of_a_picture_makes_no_variant_of_it(name: str) -> None:
    for seed in range(2):
        picture = product(seed, RED, (210, 280))
        data = KINDS[name].apply(picture, np.random.default_rng(seed), picture)
        with Image.open(io.BytesIO(data)) as changed:
            found = match(changed.convert("RGB"), picture)
        assert found.variation is not None
        assert found.variation.log_odds < 0


def test_regions_are_where_the_pictures_differ() -> None:
    stored = product(3, RED, (210, 280))
    query = stored.copy()
    stored.paste((20, 20, 20), (84, 112, 105, 140))
    query.paste((240, 240, 240), (84, 112, 105, 140))
    found = match(query, stored)
    assert found.variation is not None
    left, top, width, height = found.variation.regions[0]
    assert (left, top) == pytest.approx((0.4, 0.4), abs=0.03)
    assert (width, height) == pytest.approx((0.1, 0.1), abs=0.05)
