"""Random crops and flips of a whole batch at once, by one affine resampling.

Pictures are kept squashed to a square with their own ratio of width to height remembered, so
that a batch is one tensor and a crop still has the proportions it should.
"""

import math
import re
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from binocle.types import ImageSpec

_RATIO_JITTER = 4 / 3
_SIDES = re.compile(r"\b(left|right|leftmost|rightmost|left-hand|right-hand)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Crops:
    """Which part of each picture is seen, and whether mirrored.

    Attributes:
        windows: (n, 4) float32: left, top, width, height as shares of the picture's own width
            and height. A window may reach beyond the picture where the model pads.
        flipped: (n,) bool.
    """

    windows: Tensor
    flipped: Tensor


def mentions_sides(text: str) -> bool:
    """Tell whether a text speaks of left or right (in English), so that a mirror makes it wrong."""
    return _SIDES.search(text) is not None


def random_crops(
    ratios: Tensor,
    may_flip: Tensor,
    *,
    spec: ImageSpec,
    least_area: float,
    generator: torch.Generator,
) -> Crops:
    """Draw a crop for every picture, as open_clip's and torchvision's training transforms do.

    Args:
        ratios: (n,) float32: width divided by height of the upright pictures.
        may_flip: (n,) bool: which may be mirrored; half of these are.
        spec: What the model sees: a model that squashes gets crops as squashed as its pictures, one
            that pads gets windows that may show padding.
        least_area: The smallest share of the picture that is kept, in (0, 1]; 1 keeps all that
            the shape of the window allows.
        generator: On the CPU; where the randomness comes from.

    Returns:
        The crops. Areas are uniform in [least_area, 1], the window's ratio is log-uniform within
        4/3 either way of the model's.

    Source:
        Szegedy et al. (2015), https://arxiv.org/abs/1409.4842, section 6, as in torchvision's
        ``RandomResizedCrop``; where that gives up after ten tries, the window is shrunk to fit.
    """
    count = len(ratios)
    draws = torch.rand((count, 5), generator=generator)
    target = spec.width / spec.height
    wide = torch.full_like(ratios, target) if spec.resize_mode == "squash" else ratios
    high = torch.ones_like(wide)
    window_wide, window_high = _windows(wide, high, draws, spec, least_area)
    left = _place(wide - window_wide, draws[:, 2])
    top = _place(high - window_high, draws[:, 3])
    windows = torch.stack((left / wide, top / high, window_wide / wide, window_high / high), dim=1)
    return Crops(windows, may_flip & (draws[:, 4] < 0.5))


def _windows(
    wide: Tensor, high: Tensor, draws: Tensor, spec: ImageSpec, least_area: float
) -> tuple[Tensor, Tensor]:
    """Return the width and height of each window, in the units of the pictures' own."""
    target = spec.width / spec.height
    if spec.resize_mode == "longest":
        frame = torch.maximum(wide, high * target)  # the padded picture's width
        area = frame * frame / target
    else:
        area = wide * high
    area = area * (least_area + (1.0 - least_area) * draws[:, 0])
    limit = math.log(_RATIO_JITTER) if least_area < 1.0 else 0.0
    ratio = target * torch.exp((2 * draws[:, 1] - 1) * limit)
    window_wide, window_high = torch.sqrt(area * ratio), torch.sqrt(area / ratio)
    if spec.resize_mode != "longest":
        fit = torch.clamp(torch.minimum(wide / window_wide, high / window_high), max=1.0)
        window_wide, window_high = window_wide * fit, window_high * fit
    return window_wide, window_high


def _place(slack: Tensor, draw: Tensor) -> Tensor:
    """Put a window anywhere within the picture, or the picture in the middle of the window."""
    return torch.where(slack > 0, slack * draw, slack / 2)


def render(pixels_nhwc: Tensor, crops: Crops, *, height: int, width: int, fill: int = 0) -> Tensor:
    """Cut crops out of pictures, bilinearly.

    Args:
        pixels_nhwc: (n, h, w, 3) uint8, squashed to one size.
        crops: One for each.
        height: Of the result.
        width: Of the result.
        fill: Grey level of what lies beyond a picture.

    Returns:
        (n, 3, height, width) uint8.
    """
    device = pixels_nhwc.device
    windows = crops.windows.to(device).clone()
    windows[:, 2] *= 1.0 - 2.0 * crops.flipped.to(device, torch.float32)
    grid = sampling_grid(windows, height, width)
    source = pixels_nhwc.permute(0, 3, 1, 2).float()
    seen = functional.grid_sample(
        source, grid, mode="bilinear", padding_mode="border", align_corners=False
    )
    beyond = (grid.abs() > 1.0).any(dim=-1)
    if bool(beyond.any()):
        seen = torch.where(beyond[:, None], torch.full_like(seen, float(fill)), seen)
    return seen.round_().clamp_(0, 255).to(torch.uint8)


def sampling_grid(windows: Tensor, height: int, width: int) -> Tensor:
    """Return where each pixel of crops lies in their pictures, as ``grid_sample`` takes it.

    Args:
        windows: (n, 4) float32: left, top, width, height as shares; a negative width mirrors.
        height: Of the crops.
        width: Of the crops.

    Returns:
        (n, height, width, 2) float32, from -1 to 1 within the picture.
    """
    theta = torch.zeros((len(windows), 2, 3), device=windows.device)
    theta[:, 0, 0], theta[:, 1, 1] = windows[:, 2], windows[:, 3]
    theta[:, 0, 2] = 2 * windows[:, 0] + windows[:, 2].abs() - 1
    theta[:, 1, 2] = 2 * windows[:, 1] + windows[:, 3] - 1
    return functional.affine_grid(theta, [len(windows), 3, height, width], align_corners=False)
