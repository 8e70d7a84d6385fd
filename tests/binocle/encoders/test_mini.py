"""The embedded model: it is there, small, quick to start, and the same through open_clip."""

from pathlib import Path

import numpy as np
import pytest

from binocle.encoders.base import Encoder
from binocle.encoders.int8_weights import WEIGHTS, pack, unpack
from binocle.encoders.names import DEFAULT_MODEL, MINI, MINI_FOLDER, canonical_name
from binocle.encoders.registry import open_encoder
from binocle.errors import ModelError
from tests.support import ROOT

pytestmark = pytest.mark.model
TEXTS = (
    "a dog running on the beach",
    "Red women's HANDBAG",
    "café  ÉCLAIR, no. 7",
    "word " * 100,
    "",
    "日本語",
)


@pytest.fixture(scope="module")
def mini() -> Encoder:
    return open_encoder(MINI, device="cpu")


def pixels(count: int, side: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def test_it_is_the_default_and_fits_into_the_package() -> None:
    assert DEFAULT_MODEL == MINI
    assert sum(one.stat().st_size for one in MINI_FOLDER.iterdir()) <= 32_000_000
    assert "what it is bad at" in (MINI_FOLDER / "README.md").read_text("utf-8").lower()


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "least"), [("float32", 0.999999), ("bfloat16", 0.999)])
def test_open_clip_loads_it_unpacked_and_gives_the_same_rows(precision: str, least: float) -> None:
    from binocle.encoders.openclip import OpenClipEncoder

    ours = open_encoder(MINI, device="cpu", precision=precision)  # type: ignore[arg-type]
    theirs = OpenClipEncoder(str(MINI_FOLDER), device="cpu", precision=precision)  # type: ignore[arg-type]
    assert ours.image_spec == theirs.image_spec
    assert theirs.space.name == MINI
    seen = pixels(8, ours.image_spec.width)
    agree = (ours.encode_images(seen) * theirs.encode_images(seen)).sum(1)
    assert agree.min() > least
    assert (ours.encode_texts(TEXTS) * theirs.encode_texts(TEXTS)).sum(1).min() > least


def test_its_space_is_that_of_collections_made_before_it_read_more_languages(mini: Encoder) -> None:
    import hashlib

    from safetensors.torch import load_file

    assert mini.space.fingerprint.startswith("49185501068b596b")
    packed = load_file(MINI_FOLDER / WEIGHTS)
    digest = hashlib.sha256()
    for name in sorted(packed):
        if name.startswith("visual.") or name == "text.text_projection":
            digest.update(packed[name].contiguous().view(-1).numpy().tobytes())
    assert digest.hexdigest().startswith("dd776d762fcd13e3")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_convolutions_rectified_in_one_pass_give_the_bits_of_two(
    dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from torch import nn

    from binocle.encoders import mini as towers

    kind = getattr(torch, dtype)
    layer = towers._Rectified(nn.Conv2d(3, 8, 3, stride=2, padding=1)).to(dtype=kind)
    seen = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)).to(kind)
    with torch.inference_mode():
        together = layer(seen)
        monkeypatch.setattr(towers, "_does_both", lambda _pixels: False)
        assert torch.equal(together, layer(seen))
        assert (together == 0).any()
        assert (together > 0).any()


def test_eight_bits_keep_the_weights() -> None:
    import torch

    generator = torch.Generator().manual_seed(0)
    state = {
        "matrix": torch.randn(7, 5, generator=generator) * torch.logspace(-3, 3, 7).view(7, 1),
        "filters": torch.randn(4, 3, 3, 3, generator=generator),
        "zeros": torch.zeros(2, 2),
        "bias": torch.randn(9, generator=generator),
        "count": torch.tensor(3),
    }
    back = unpack(pack(state))
    assert back.keys() == state.keys()
    assert torch.equal(back["count"], state["count"])
    for name in ("matrix", "filters", "zeros"):
        rows, kept = state[name].flatten(1), back[name].flatten(1)
        step = rows.abs().amax(1, keepdim=True) / 127  # half a step is what rounding may cost
        assert ((rows - kept).abs() <= step / 2 + 1e-7).all()
    assert (back["bias"] - state["bias"]).abs().max() < 2e-3


def test_texts_do_not_depend_on_their_neighbours_case_or_spaces(mini: Encoder) -> None:
    together = mini.encode_texts(TEXTS)
    alone = np.concatenate([mini.encode_texts([text]) for text in TEXTS])
    assert (together * alone).sum(1).min() > 0.999
    same = mini.encode_texts(["a Dog", "A DOG", "  a   dog "])
    assert np.abs(same - same[0]).max() < 1e-3


def test_everyday_words_say_in_chinese_and_german_what_they_say_in_english(mini: Encoder) -> None:
    words = (
        ("down jacket", "羽绒服", "Daunenjacke"),
        ("power bank", "充电宝", "Powerbank"),
        ("dumplings", "饺子", "Teigtaschen"),
        ("lighthouse", "灯塔", "Leuchtturm"),
        ("photographer", "摄影师", "Fotograf"),
        ("hair dryer", "吹风机", "Föhn"),
        ("hot air balloon", "热气球", "Heißluftballon"),
        ("birthday cake", "生日蛋糕", "Geburtstagstorte"),
    )
    english, *others = (mini.encode_texts(own) for own in zip(*words, strict=True))
    for rows in others:
        assert (rows @ english.T).argmax(1).tolist() == list(range(len(words)))


def test_its_folder_is_the_same_model() -> None:
    assert canonical_name(str(MINI_FOLDER)) == MINI
    assert canonical_name(f"local-dir:{MINI_FOLDER}") == MINI


def test_a_damaged_package_is_said_in_one_line(tmp_path: Path) -> None:
    from binocle.encoders.mini_encoder import MiniEncoder

    for name in ("open_clip_config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes((MINI_FOLDER / name).read_bytes())
    (tmp_path / WEIGHTS).write_bytes(b"no weights")
    with pytest.raises(ModelError, match="install binocle again") as caught:
        MiniEncoder(folder=tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_words_find_photos_that_show_them(mini: Encoder) -> None:
    """On real photos, which the model has not learned from; far above what chance gives."""
    data = ROOT.parent / "shared" / "data" / "flickr8k-dev.tar"
    if not data.is_file():
        pytest.skip("needs ../shared/data/flickr8k-dev.tar")
    import csv
    import io
    import tarfile

    from binocle.media.images import load

    with tarfile.open(data) as archive:
        files = {
            Path(one.name).name: stream.read()
            for one in archive
            if (stream := archive.extractfile(one)) is not None
        }
    rows = list(csv.DictReader(io.StringIO(files["captions.csv"].decode())))
    names = list(dict.fromkeys(row["image"] for row in rows))[:200]
    seen = np.stack([load(files[name], mini.image_spec).pixels for name in names])
    captions = [next(row["caption"] for row in rows if row["image"] == name) for name in names]
    scores = mini.encode_texts(captions) @ mini.encode_images(seen).T
    ranks = (scores > scores.diagonal()[:, None]).sum(1)
    assert (ranks < 10).mean() > 0.35  # chance: 0.05
