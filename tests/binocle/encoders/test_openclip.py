"""What only open_clip models promise: weights, fingerprints, precisions, errors."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from binocle.encoders.registry import open_encoder
from binocle.errors import ModelError, ModelUnavailableError
from binocle.media import images
from binocle.types import ImageSpec, PixelArray

pytestmark = pytest.mark.model
CONFIG, WEIGHTS = "open_clip_config.json", "open_clip_model.safetensors"


def fingerprint(model: Path | str, precision: Any = "float32") -> str:
    return open_encoder(str(model), device="cpu", precision=precision).space.fingerprint


def noise(count: int) -> PixelArray:
    blocks = np.random.default_rng(3).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    return blocks.repeat(4, axis=1).repeat(4, axis=2)


@pytest.fixture
def copied(tiny_model: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_model, tmp_path / "copy")


def change_config(folder: Path, section: str, values: dict[str, Any]) -> None:
    config = json.loads((folder / CONFIG).read_text())
    config[section].update(values)
    (folder / CONFIG).write_text(json.dumps(config))


def as_torch_checkpoint(folder: Path, target: Path) -> None:
    import torch
    from safetensors.torch import load_file

    torch.save(load_file(folder / WEIGHTS), target)


def change_weight(folder: Path, change: Callable[[Any], None]) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / WEIGHTS)
    change(weights["visual.proj"])
    save_file(weights, folder / WEIGHTS)


@pytest.mark.parametrize("mode", ["shortest", "longest", "squash"])
def test_pictures_embed_as_open_clip_s_own_preprocessing_and_model_do(
    copied: Path, mode: str
) -> None:
    import open_clip
    import torch

    mean, std = [0.3, 0.5, 0.6], [0.2, 0.25, 0.3]
    change_config(copied, "preprocess_cfg", {"resize_mode": mode, "mean": mean, "std": std})
    encoder = open_encoder(str(copied), device="cpu", precision="float32")
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{copied}")
    files, tensors = [], []
    for number, size in enumerate([(50, 60), (61, 40), (33, 33), (20, 55)]):
        y, x = np.mgrid[: size[1], : size[0]]
        rgb = [128 + 100 * np.sin(x / (4 + number) + y * c / 9) for c in (1, 2, 3)]
        image = Image.fromarray(np.stack(rgb, 2).astype(np.uint8))
        file = io.BytesIO()
        image.save(file, "PNG")
        files.append(images.load(file.getvalue(), encoder.image_spec).pixels)
        tensors.append(preprocess(image))
    with torch.inference_mode():
        theirs = model.eval().encode_image(torch.stack(tensors), normalize=True).numpy()
    ours = encoder.encode_images(np.stack(files))
    assert (ours * theirs).sum(1).min() > 0.9999
    assert (theirs @ theirs.T - np.eye(4)).max() < 0.999  # so the figure above says something


def test_texts_embed_as_open_clip_s_own_tokenizer_and_model_do(tiny_model: Path) -> None:
    import open_clip
    import torch

    texts = ["a red car", "two dogs", "snow " * 500]
    model = open_clip.create_model(f"local-dir:{tiny_model}").eval()
    tokens = open_clip.get_tokenizer(f"local-dir:{tiny_model}")(texts)
    with torch.inference_mode():
        theirs = model.encode_text(tokens, normalize=True).numpy()
    ours = open_encoder(str(tiny_model), device="cpu", precision="float32").encode_texts(texts)
    assert np.allclose(ours, theirs, atol=1e-5)


def test_the_pixels_wanted_are_those_of_the_model_s_preprocessing(copied: Path) -> None:
    wanted = {"resize_mode": "longest", "interpolation": "bilinear", "fill_color": 90}
    change_config(copied, "preprocess_cfg", wanted)
    change_config(copied, "model_cfg", {"vision_cfg": VISION | {"image_size": [32, 48]}})
    with_positions_for(copied, 4 * 6)
    encoder = open_encoder(str(copied), device="cpu", precision="float32")
    assert encoder.image_spec == ImageSpec(48, 32, "longest", "bilinear", fill=90)
    assert encoder.encode_images(np.zeros((2, 32, 48, 3), np.uint8)).shape == (2, 32)


VISION = {"layers": 2, "width": 64, "patch_size": 8, "head_width": 32}


def with_positions_for(folder: Path, patches: int) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / WEIGHTS)
    weights["visual.positional_embedding"] = torch.zeros(patches + 1, 64)
    save_file(weights, folder / WEIGHTS)


def test_a_checkpoint_and_its_safetensors_copy_are_one_space(copied: Path) -> None:
    before = open_encoder(str(copied), device="cpu", precision="float32")
    as_torch_checkpoint(copied, copied / "open_clip_pytorch_model.bin")
    (copied / WEIGHTS).unlink()
    after = open_encoder(str(copied), device="cpu", precision="float32")
    assert after.space.fingerprint == before.space.fingerprint
    assert np.array_equal(after.encode_images(noise(2)), before.encode_images(noise(2)))


def test_a_named_architecture_with_a_checkpoint_file_is_the_folder_s_space(
    copied: Path, tmp_path: Path
) -> None:
    import open_clip

    config = json.loads((copied / CONFIG).read_text())["model_cfg"]
    (tmp_path / "tiny-of-the-tests.json").write_text(json.dumps(config))
    open_clip.add_model_config(tmp_path / "tiny-of-the-tests.json")
    checkpoint = tmp_path / "tiny.pt"
    as_torch_checkpoint(copied, checkpoint)
    for file in (checkpoint, copied / WEIGHTS):
        encoder = open_encoder(f"tiny-of-the-tests/{file}", device="cpu", precision="float32")
        assert encoder.space.name == f"tiny-of-the-tests/{file}"
        assert encoder.space.fingerprint == fingerprint(copied)


def test_one_changed_weight_is_another_space(tiny_model: Path, copied: Path) -> None:
    change_weight(copied, lambda tensor: tensor[0, 0].add_(0.001))
    assert fingerprint(copied) != fingerprint(tiny_model)


@pytest.mark.parametrize(
    "change",
    [{"resize_mode": "squash"}, {"mean": [0.5, 0.5, 0.5]}, {"interpolation": "bilinear"}],
    ids=str,
)
def test_changed_preprocessing_is_another_space(
    tiny_model: Path, copied: Path, change: dict[str, Any]
) -> None:
    change_config(copied, "preprocess_cfg", change)
    assert fingerprint(copied) != fingerprint(tiny_model)


@pytest.mark.parametrize(
    "change", [{"quick_gelu": True}, {"vision_cfg": {"image_size": 32, **VISION, "head_width": 64}}]
)
def test_the_same_weights_in_another_architecture_are_another_space(
    tiny_model: Path, copied: Path, change: dict[str, Any]
) -> None:
    before = open_encoder(str(tiny_model), device="cpu", precision="float32")
    change_config(copied, "model_cfg", change)
    after = open_encoder(str(copied), device="cpu", precision="float32")
    assert not np.allclose(after.encode_images(noise(2)), before.encode_images(noise(2)), atol=1e-3)
    assert after.space.fingerprint != before.space.fingerprint


def test_bfloat16_is_the_same_space_and_nearly_the_same_rows(tiny_model: Path) -> None:
    exact = open_encoder(str(tiny_model), device="cpu", precision="float32")
    fast = open_encoder(str(tiny_model), device="cpu", precision="bfloat16")
    assert fast.runs_on == "cpu, bfloat16"
    assert fast.space == exact.space
    shown = noise(8)
    assert (fast.encode_images(shown) * exact.encode_images(shown)).sum(1).min() > 0.99
    texts = ["a red car", "two dogs in the snow"]
    assert (fast.encode_texts(texts) * exact.encode_texts(texts)).sum(1).min() > 0.99


def test_weights_that_are_not_numbers_are_a_model_error(copied: Path) -> None:
    change_weight(copied, lambda tensor: tensor.fill_(float("nan")))
    encoder = open_encoder(str(copied), device="cpu", precision="float32")
    with pytest.raises(ModelError, match="not finite"):
        encoder.encode_images(noise(1))


def assert_refused(named: str, model: str, **options: Any) -> None:
    with pytest.raises(ModelError) as refusal:
        open_encoder(model, **{"device": "cpu", **options})
    assert named in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_what_cannot_be_a_model_is_refused_in_one_line_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert_refused("'ViT-Z-99'", "ViT-Z-99/laion2b")
    assert_refused("laion2b_s34b_b79k", "ViT-B-32")  # it lists the tags
    assert_refused("'no_such_tag'", "ViT-B-32/no_such_tag")
    assert_refused(str(tmp_path / "absent"), str(tmp_path / "absent"))
    assert_refused(str(tmp_path / "absent"), f"local-dir:{tmp_path / 'absent'}")
    assert_refused("open_clip_config.json", str(tmp_path / "empty"))
    assert_refused(str(tmp_path / "empty"), str(tmp_path / "empty"))


@pytest.mark.parametrize("device", ["cuda:99", "toaster"])
def test_a_device_that_is_not_here_is_refused_by_name(tiny_model: Path, device: str) -> None:
    assert_refused(repr(device), str(tiny_model), device=device)


def test_a_precision_that_does_not_exist_is_refused_by_name(tiny_model: Path) -> None:
    assert_refused("float99", str(tiny_model), precision="float99")


def test_a_damaged_folder_is_refused_by_name(copied: Path) -> None:
    weights = (copied / WEIGHTS).read_bytes()
    (copied / WEIGHTS).write_bytes(weights[: len(weights) // 2])
    assert_refused(str(copied), str(copied))
    (copied / WEIGHTS).unlink()
    assert_refused(str(copied), str(copied))
    (copied / CONFIG).write_text("{ not json")
    assert_refused(str(copied), str(copied))


def test_missing_weights_name_the_model_the_cache_and_the_way_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # else it tries for 46 s
    with pytest.raises(ModelUnavailableError) as refusal:
        open_encoder("ViT-B-32/laion2b_s34b_b79k", device="cpu", cache_dir=str(tmp_path))
    message = str(refusal.value)
    assert "\n" not in message
    assert message.startswith("ViT-B-32/laion2b_s34b_b79k: ")
    assert "hf download laion/CLIP-ViT-B-32-laion2B-s34B-b79K --local-dir" in message
    assert str(tmp_path) in message
