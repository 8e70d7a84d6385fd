"""The recipe of the embedded model: its parts against independent calculations, and all of it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from training.mini.crops import Owned, TeacherCrops, shrink
from training.mini.dataset import DataSet, cut, whole
from training.mini.pictures import MiniPictures, load_pictures
from training.mini.teacher import Operation, Teacher, load_operations, save_operations
from training.mini.teacher_space import (
    COLOUR_WIDTH,
    JointSpace,
    TeacherPairs,
    colour_histogram,
    distinct,
    smooth,
)
from training.mini.tokenizer import made_up, product_phrases

pytestmark = [pytest.mark.model, pytest.mark.slow]


def drawn(name: str, count: int, texts: int, label: str = "") -> MiniPictures:
    rng = np.random.default_rng(len(name))
    encoded = []
    for _ in range(count):
        import io

        blocks = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(blocks).resize((32, 32)).save(buffer, "WEBP")
        encoded.append(buffer.getvalue())
    return MiniPictures(
        name,
        encoded,
        [[f"{name} picture {at} text {n}" for n in range(texts)] for at in range(count)],
        [label.format(at % 3) for at in range(count)],
    )


def test_pictures_come_back_as_they_were_saved(tmp_path: Path) -> None:
    for made in (drawn("some", 3, 2, "label {}"), drawn("bare", 2, 0)):
        made.save(tmp_path)
        assert load_pictures(tmp_path / f"{made.name}.npz") == made
    assert made.decode().shape == (2, 224, 224, 3)


def operations(*, stride: int = 2) -> list[Operation]:
    rng = np.random.default_rng(0)

    def weights(*shape: int) -> dict[str, Any]:
        return {
            "weight": rng.normal(0, 0.3, shape).astype(np.float32),
            "bias": rng.normal(0, 0.3, shape[0]).astype(np.float32),
        }

    return [
        Operation("conv", (0,), 1, **weights(8, 3, 3, 3), stride=stride, is_clipped=True),
        Operation("depthwise", (1,), 2, **weights(8, 1, 3, 3), stride=1, is_clipped=True),
        Operation("add", (1, 2), 3),
        Operation("conv", (3,), 4, **weights(1280, 8, 1, 1), is_clipped=True),
        Operation("pool", (4,), 5),
        Operation("conv", (5,), 6, **weights(1001, 1280, 1, 1)),
    ]


def test_the_teacher_computes_what_its_operations_say(tmp_path: Path) -> None:
    save_operations(operations(), tmp_path / "teacher.npz")
    known = load_operations(tmp_path / "teacher.npz")
    pixels = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (1, 3, 8, 8))).float()
    features, logits = Teacher(known)(pixels)
    assert (features.shape, logits.shape) == ((1, 1280), (1, 1001))
    # by hand: the first convolution at stride 2 pads one row at the bottom and right, as
    # TensorFlow does for even sizes
    first, second = known[0], known[1]
    assert first.weight is not None
    assert first.bias is not None
    assert second.weight is not None
    assert second.bias is not None
    scaled = np.pad((pixels[0].numpy() - 128) / 128, ((0, 0), (0, 1), (0, 1)))
    one = np.zeros((8, 4, 4))
    for y in range(4):
        for x in range(4):
            window = scaled[:, 2 * y : 2 * y + 3, 2 * x : 2 * x + 3]
            one[:, y, x] = (first.weight * window).sum((1, 2, 3)) + first.bias
    one = one.clip(0, 6)
    padded = np.pad(one, ((0, 0), (1, 1), (1, 1)))
    two = np.zeros((8, 4, 4))
    for y in range(4):
        for x in range(4):
            window = padded[:, y : y + 3, x : x + 3]
            two[:, y, x] = (second.weight[:, 0] * window).sum((1, 2)) + second.bias
    wide = known[3]
    assert wide.weight is not None
    assert wide.bias is not None
    mixed = np.einsum("oc,cyx->oyx", wide.weight[:, :, 0, 0], one + two.clip(0, 6))
    pooled = (mixed + wide.bias[:, None, None]).clip(0, 6).mean((1, 2))
    assert np.allclose(features[0].numpy(), pooled, atol=1e-4)


def test_colour_histograms_sum_to_one_and_tell_colours_apart() -> None:
    red, blue = torch.zeros((2, 1, 3, 50, 40)).unbind(0)
    red[:, 0], blue[:, 2] = 250.0, 250.0
    rows = colour_histogram(torch.cat([red, blue]))
    assert rows.shape == (2, COLOUR_WIDTH)
    assert torch.allclose((rows**2).sum(1), torch.tensor(2.0))
    assert float(rows[0] @ rows[1]) < 0.1


def test_the_joint_space_finds_what_pictures_and_texts_share() -> None:
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(400, 3))
    pictures = np.hstack([shared @ rng.normal(size=(3, 6)), rng.normal(size=(400, 6))])
    texts = np.hstack([rng.normal(size=(400, 5)), shared @ rng.normal(size=(3, 7))])
    numbers = torch.arange(400)
    pairs = TeacherPairs(
        "pairs",
        torch.from_numpy(pictures).float(),
        torch.from_numpy(texts).float(),
        numbers,
        numbers,
        1.0,
    )
    space = JointSpace(12, 12, 3)
    space.fit([pairs], image_ridge=1e-6, text_ridge=1e-6)
    with torch.no_grad():
        scores = space.embed_images(pairs.pictures) @ space.embed_texts(pairs.texts).T
    assert (scores.argmax(1) == numbers).float().mean() > 0.95


def test_a_batch_never_holds_a_picture_or_a_meaning_twice() -> None:
    pictures = torch.arange(30) // 3
    groups = torch.arange(30) % 8
    pairs = TeacherPairs("p", torch.zeros(10, 1), torch.zeros(30, 1), pictures, groups, 1.0)
    chosen = distinct(pairs, 6, torch.Generator().manual_seed(0))
    assert 0 < len(chosen) <= 6
    assert len(set(pictures[chosen].tolist())) == len(chosen) == len(set(groups[chosen].tolist()))


def test_windows_are_cut_where_they_say_and_mirrored_when_negative() -> None:
    pixels = torch.zeros((1, 3, 16, 16), dtype=torch.uint8)
    pixels[:, :, :, 8:] = 200
    assert torch.allclose(cut(pixels, whole(1), 16), pixels.float(), atol=1e-2)
    right = cut(pixels, torch.tensor([[0.5, 0.0, 0.5, 1.0]]), 8)
    assert float(right[:, :, :, 1:].min()) > 199.9
    mirrored = cut(pixels, torch.tensor([[0.0, 0.0, -1.0, 1.0]]), 16)
    assert torch.allclose(mirrored, pixels.float().flip(3), atol=1e-2)


def test_products_are_called_as_people_search_for_them() -> None:
    phrases = product_phrases("Accessories - Bags - Handbags - Red - Casual")
    assert {"red handbags", "red handbag", "a red handbag", "handbags", "red"} <= set(phrases)
    assert product_phrases("Apparel") == []


def test_made_up_texts_are_the_same_for_the_same_seed_and_hold_the_words() -> None:
    words = ["sneakers", "puppy"]
    one = made_up(["a dog runs on the beach"], ["red bag"], words, count=300, seed=1)
    assert one == made_up(["a dog runs on the beach"], ["red bag"], words, count=300, seed=1)
    assert len(one) == 300
    assert any("sneakers" in text for text in one)


def owned(name: str, count: int, texts: int, share: float) -> Owned:
    grey = torch.linspace(1, 250, count).view(-1, 1, 1, 1).expand(-1, 3, 32, 32)
    data = DataSet(name, grey.to(torch.uint8), [], [], share)
    owners = torch.arange(count).repeat_interleave(texts)
    return Owned(data, 100, owners, torch.arange(len(owners)))


def test_pictures_come_with_a_text_of_their_own() -> None:
    sets = [owned("photos", 20, 3, 0.5), owned("labelled", 20, 0, 0.25)]
    crops = TeacherCrops(sets, torch.device("cpu"), torch.Generator().manual_seed(0))
    pixels, texts = crops.pairs(16)
    assert pixels.shape == (12, 3, 224, 224)
    numbers, groups = texts[0]
    assert len(numbers) == 8
    assert not len(texts[1][0])
    assert torch.equal(groups, numbers - 100)
    # each picture is one grey: light changes by a tenth and ten levels at most
    wanted = sets[0].data.pixels[sets[0].owners[numbers - 100], 0, 0, 0].float()
    seen = pixels[:8].mean((1, 2, 3))
    assert ((seen - wanted).abs() <= 0.1 * wanted + 11).all()
    assert len(set((numbers - 100).div(3, rounding_mode="floor").tolist())) == 8


def test_half_of_the_windows_are_mixed() -> None:
    crops = TeacherCrops(
        [owned("photos", 40, 1, 1.0)], torch.device("cpu"), torch.Generator().manual_seed(0)
    )
    assert crops.windows(20).shape == (20, 3, 224, 224)
    small = shrink(torch.full((2, 3, 50, 40), 255.0), 16)
    assert small.shape == (2, 3, 16, 16)
    assert torch.allclose(small, torch.ones(()))


def test_a_text_takes_after_its_neighbours() -> None:
    generator = torch.Generator().manual_seed(0)
    rows = torch.nn.functional.normalize(torch.randn(60, 8, generator=generator), dim=1)
    sentences = torch.zeros(60, 4)
    sentences[:, 0] = 1.0
    sentences[55:] = torch.tensor([0.0, 1.0, 0.0, 0.0])  # five that mean something else
    own = rows[:1]
    smoothed = smooth(sentences[55:56], own, sentences, rows)
    assert torch.allclose(smoothed.norm(dim=1), torch.ones(1))
    weights = torch.softmax((sentences @ sentences[55]).topk(50).values / 0.1, 0)
    near = (sentences @ sentences[55]).topk(50).indices
    around = torch.nn.functional.normalize((weights[:, None] * rows[near]).sum(0), dim=0)
    expected = torch.nn.functional.normalize(own[0] + around, dim=0)
    assert torch.allclose(smoothed[0], expected, atol=1e-5)
    assert float(smoothed @ rows[55:].mean(0)) > float(own @ rows[55:].mean(0))


def test_the_recipe_trains_and_writes_a_model_that_loads_both_ways(tmp_path: Path) -> None:
    from binocle.encoders.mini import MiniEncoder
    from binocle.encoders.openclip import OpenClipEncoder
    from tests.training.mini.sentence_encoder import write_sentence_encoder
    from training.mini.distil import Distillation
    from training.mini.recipe import MiniRecipe

    packed, out = tmp_path / "packed", tmp_path / "out"
    packed.mkdir()
    for made in (
        drawn("flickr8k-train", 16, 5),
        drawn("flickr8k-dev", 12, 5),
        drawn("fashion", 60, 1, "Bags - Bags - Handbags - Colour{} - Casual"),
        drawn("electronics", 12, 1),
        drawn("caltech101", 12, 0, "thing{}"),
    ):
        made.save(packed)
    # a coarse teacher: the last layers are wide, and 112 x 112 places would take minutes
    save_operations(operations(stride=32), packed / "teacher.npz")
    write_sentence_encoder(packed)
    recipe = MiniRecipe(
        steps=3, side=64, pictures=32, crops=16, texts=16, made_up=100, pairs_from=0.2
    )
    distillation = Distillation(packed, out, recipe, torch.device("cpu"))
    distillation.begin()
    distillation.train()
    log = [json.loads(line) for line in (out / "log.jsonl").read_text("utf-8").splitlines()]
    assert log[-1]["step"] == 3
    assert {"t2i@10", "title@10", "caltech zero-shot", "paraphrases"} <= set(log[-1]["averaged"])
    assert all(np.isfinite(list(log[-1]["losses"].values())))
    assert log[-1]["losses"]["contrast"] > 0
    assert "3 steps" in (out / "README.md").read_text("utf-8")
    ours = MiniEncoder(folder=out, device="cpu", precision="float32")
    theirs = OpenClipEncoder(str(out), device="cpu", precision="float32")
    seen = np.random.default_rng(0).integers(0, 256, (2, 160, 160, 3), dtype=np.uint8)
    assert (ours.encode_images(seen) * theirs.encode_images(seen)).sum(1).min() > 0.99
    texts = ["a dog", "fashion picture 3"]  # 8-bit rows beside float16 ones
    assert (ours.encode_texts(texts) * theirs.encode_texts(texts)).sum(1).min() > 0.99
