"""Pictures and a teacher as small as the recipe takes them."""

from typing import Any

import numpy as np
from PIL import Image

from training.mini.pictures import MiniPictures
from training.mini.teacher import Operation


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
