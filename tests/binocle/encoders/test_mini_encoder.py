"""The embedded model without torch: the same rows, in a process that starts at once."""

import json
import subprocess
import sys

import numpy as np
import pytest

from binocle.encoders.mini_encoder import MiniEncoder

pytestmark = pytest.mark.model
TEXTS = (
    "a red shirt",
    "Nike running shoes for men",
    "",
    "\u624b\u673a",
    "word " * 100,
    "caf\xe9 7",
)


@pytest.fixture(scope="module")
def encoder() -> MiniEncoder:
    return MiniEncoder(device="cpu", precision="float32")


def test_a_few_texts_in_numpy_have_the_rows_of_many_in_torch(encoder: MiniEncoder) -> None:
    alone = np.concatenate([encoder.encode_texts([text]) for text in TEXTS])
    few, many = encoder.encode_texts(TEXTS), encoder.encode_texts(TEXTS * 3)[: len(TEXTS)]
    assert np.abs(few - many).max() < 2e-6
    assert np.abs(alone - many).max() < 2e-6
    assert np.abs(np.linalg.norm(few, axis=1) - 1).max() < 1e-6


def test_nothing_is_nothing(encoder: MiniEncoder) -> None:
    assert encoder.encode_texts([]).shape == (0, encoder.space.dimension)


def test_a_text_is_embedded_without_torch() -> None:
    code = (
        "import json, sys\n"
        "from binocle.encoders.registry import open_encoder\n"
        "open_encoder('mini').encode_texts(['a dog'])\n"
        "print(json.dumps([one for one in ('torch', 'open_clip', 'torchvision', 'transformers')"
        " if one in sys.modules]))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(shown.stdout) == []
