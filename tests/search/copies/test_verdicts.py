"""What mappings are called, from what was measured of them."""

from dataclasses import replace

import numpy as np
import pytest

from binocle.fingerprints.agreement import Agreement
from binocle.fingerprints.colour_difference import ColourDifference
from binocle.fingerprints.copy_classifier import Evidence
from binocle.fingerprints.geometry import Turn
from binocle.fingerprints.variation import Variation
from binocle.fingerprints.verified_match import VerifiedMatch
from search.copies.verdicts import (
    ShownRegion,
    backed_by_detail,
    backed_by_hash,
    is_copy,
    is_variant,
    judged,
    judged_variant,
    truest,
)


def match(
    *,
    colours: float = 0.0,
    product: bool = True,
    box: tuple[float, float, float, float] = (0, 0, 1, 1),
    plain: float = 1.0,
    overlap: float = 1.0,
    log_odds: float = 3.0,
) -> VerifiedMatch:
    """Return a mapping by which the query shows a stored picture in a box of its own."""
    x, y, w, h = box
    mapping = np.linalg.inv(np.array([[w, 0, x], [0, h, y], [0, 0, 1]], np.float64))
    evidence = Evidence(
        Agreement(share=0.95, overlap=overlap),
        ColourDifference(most=colours, most_with_plain=colours, compared=0.5),
        60, w * h, plain, product, product,
    )  # fmt: skip
    turn = Turn(mirrored=False, angle=0, stretch=1, scale=1)
    return VerifiedMatch(mapping, turn, evidence, log_odds)


def test_of_two_products_of_one_shape_that_of_truer_colours_is_kept() -> None:
    found = {1: match(colours=1), 2: match(colours=6), 3: match(colours=3)}
    assert list(truest(found)) == [1, 3]


def test_photographs_and_other_tiles_of_a_collage_are_kept() -> None:
    photos = {1: match(colours=1, product=False), 2: match(colours=6, product=False)}
    tiles = {1: match(colours=1, box=(0, 0, 0.5, 1)), 2: match(colours=6, box=(0.5, 0, 0.5, 1))}
    assert list(truest(photos)) == [1, 2]
    assert list(truest(tiles)) == [1, 2]


@pytest.mark.parametrize(("log_odds", "confidence"), [(0.0, 0.5), (2.0, 0.8808), (12.0, 1.0)])
def test_the_confidence_is_the_chance_that_it_is_a_copy(log_odds: float, confidence: float) -> None:
    assert is_copy(match(log_odds=log_odds))
    assert judged(match(log_odds=log_odds)).confidence == confidence
    assert not is_copy(match(log_odds=-0.01))


@pytest.mark.parametrize(("colours", "expected"), [(15.0, True), (20.0, False)])
def test_a_product_in_clearly_other_colours_is_another(colours: float, *, expected: bool) -> None:
    assert is_copy(match(colours=colours)) is expected
    assert is_copy(match(colours=colours, product=False))


@pytest.mark.parametrize(
    ("overlap", "verdict"), [(1.0, "near-duplicate"), (0.6, "near-duplicate"), (0.5, "part")]
)
def test_what_shows_little_of_it_is_a_part(overlap: float, verdict: str) -> None:
    assert judged(match(overlap=overlap)).verdict == verdict


@pytest.mark.parametrize(
    ("box", "plain", "verdict"),
    [
        ((0, 0, 0.5, 1), 0.8, "part"),  # another tile on white ground beside it
        ((0.5, 0.5, 0.5, 0.5), 0.9, "part"),
        ((0, 0, 0.5, 1), 0.97, "near-duplicate"),  # a plain page beside it
        ((0.1, 0.2, 0.8, 0.6), 0.8, "near-duplicate"),  # a screenshot around it
        ((0, 0.2, 1, 0.6), 0.8, "near-duplicate"),  # bands above and below it
        ((0, 0.1, 1, 0.6), 0.5, "near-duplicate"),  # a small screenshot, all of it words
        ((0, 0.1, 1, 0.6), 0.3, "part"),
        ((0, 0.1, 1, 0.5), 0.5, "part"),
    ],
)
def test_frames_are_told_from_tiles(
    box: tuple[float, float, float, float], plain: float, verdict: str
) -> None:
    assert judged(match(box=box, plain=plain)).verdict == verdict


def varied(found: VerifiedMatch, log_odds: float) -> VerifiedMatch:
    return replace(found, variation=Variation(log_odds, ((0.1, 0.2, 0.3, 0.1),)))


def test_a_pair_on_one_template_is_a_variant_and_no_copy() -> None:
    found = varied(match(log_odds=6.0), 2.0)
    assert not is_copy(found)
    assert is_variant(found)
    judgement = judged_variant(found)
    assert (judgement.verdict, judgement.confidence) == ("variant", 0.8808)
    assert judgement.differing == (ShownRegion(0.1, 0.2, 0.3, 0.1),)


def test_a_copy_that_may_be_a_variant_is_less_sure() -> None:
    found = varied(match(log_odds=6.0), -1.0)
    assert is_copy(found)
    assert judged(found).confidence == pytest.approx(0.9975 * 0.7311, abs=1e-3)


def test_other_colours_of_one_shape_are_a_variant_and_other_shapes_are_not() -> None:
    recoloured = varied(match(colours=40, log_odds=-9.0), 1.0)
    assert is_variant(recoloured)
    assert judged_variant(recoloured).confidence >= 0.85
    unlike = replace(recoloured.evidence, agreement=Agreement(share=0.5, overlap=1.0))
    assert not is_variant(replace(recoloured, evidence=unlike))


@pytest.mark.parametrize(
    ("variant", "share", "expected"),
    [(2.5, 0.8, True), (1.5, 0.8, False), (2.5, 0.6, False), (0.5, 0.95, True)],
)
def test_a_scene_that_clearly_varies_needs_no_more_shapes_than_a_product(
    variant: float, share: float, *, expected: bool
) -> None:
    scene = varied(match(product=False, log_odds=-7.0), variant)
    measured = replace(scene.evidence, agreement=Agreement(share=share, overlap=1.0))
    assert is_variant(replace(scene, evidence=measured)) is expected


@pytest.mark.parametrize(
    ("log_odds", "bits", "is_backed"),
    [(-0.1, 64, True), (-3.4, 36, True), (-5.9, 4, True), (-6.1, 4, False), (-1.0, 92, False)],
)
def test_a_near_hash_backs_a_scene_that_hardly_holds(
    log_odds: float, bits: int, is_backed: bool
) -> None:
    no_variant = Variation(-2.0, ())
    scene = replace(match(product=False, log_odds=log_odds), variation=no_variant)
    backed = backed_by_hash(scene, bits)
    assert is_copy(backed) is is_backed
    if is_backed:
        assert 0.5 <= judged(backed).confidence <= 0.6
    else:
        assert backed is scene


def test_a_near_hash_backs_a_product_that_is_clearly_no_variant_and_no_thumbnail() -> None:
    product = replace(match(log_odds=-1), variation=Variation(-2.5, ()))
    large = replace(product, evidence=replace(product.evidence, is_small=False))
    unclear = replace(large, variation=Variation(-1.5, ()))
    assert large.is_product
    assert [is_copy(backed_by_hash(one, 4)) for one in (large, unclear, product)] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("product", "kept", "colours", "variant", "is_backed"),
    [
        (False, 0.75, 12.0, -0.1, True),
        (False, 0.67, 2.5, -2.2, False),
        (False, 0.75, 17.0, -0.1, False),
        (False, 0.75, 12.0, 0.1, False),
        (True, 0.7, 6.0, -2.5, True),
        (True, 0.98, 7.1, -1.5, False),
        (True, 0.7, 12.0, -2.5, False),
        (True, 0.9, 12.0, -2.5, True),
        (True, 0.9, 12.0, -1.5, False),
        (True, 0.6, 6.0, -2.5, False),
    ],
)
def test_details_that_are_kept_back_what_is_clearly_no_variant(
    *, product: bool, kept: float, colours: float, variant: float, is_backed: bool
) -> None:
    plain = match(product=product, colours=colours, log_odds=-8)
    large = replace(plain.evidence, is_small=False)
    measured = replace(large, agreement=Agreement(share=0.5, overlap=1.0, kept=kept))
    hidden = replace(plain, evidence=measured, variation=Variation(variant, ()))
    assert is_copy(backed_by_detail(hidden)) is is_backed
    thumbnail = replace(hidden, evidence=replace(measured, is_small=True))
    assert not is_copy(backed_by_detail(thumbnail))
    assert not is_copy(backed_by_detail(replace(hidden, variation=None)))
    cut = replace(measured, agreement=Agreement(share=0.5, overlap=0.5, kept=kept))
    assert not is_copy(backed_by_detail(replace(hidden, evidence=cut)))


@pytest.mark.parametrize(("kept", "variant"), [(0.97, -4.5), (0.9, -4.5), (0.97, -3.5)])
def test_a_thumbnail_must_keep_nearly_all(kept: float, variant: float) -> None:
    plain = match(log_odds=-8)
    measured = replace(plain.evidence, agreement=Agreement(share=0.5, overlap=1.0, kept=kept))
    dim = replace(plain, evidence=measured, variation=Variation(variant, ()))
    assert is_copy(backed_by_detail(dim)) is (kept > 0.95 and variant < -4)
    for bent in ("bend", "light and bend"):
        assert not is_copy(backed_by_detail(replace(dim, correction=bent)))


def test_a_near_hash_backs_no_variant_and_no_part() -> None:
    hardly = match(product=False, log_odds=-1)
    variants = replace(hardly, variation=Variation(2.0, ()))
    no_variant = Variation(-2.0, ())
    parts = replace(match(product=False, log_odds=-1, overlap=0.5), variation=no_variant)
    for one in (hardly, variants, parts):
        assert not is_copy(backed_by_hash(one, 4))
    sure = match(product=False, log_odds=3)
    assert backed_by_hash(sure, 4) is sure
