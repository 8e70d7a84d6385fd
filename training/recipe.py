"""What a fine-tuning run is told: everything that, with data and start, decides its result."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from binocle.errors import UsageError
from binocle.types import Kind

LossName: TypeAlias = Literal["infonce", "sigmoid"]
TrainingPrecision: TypeAlias = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to fine-tune.

    Attributes:
        epochs: How often every picture is seen at most, each time with one of its texts; None
            chooses by the number of steps (``epochs_for``).
        batch: Pairs contrasted with each other, at most; batches of a run differ by one at most.
        chunk: Pairs embedded at once, which bounds memory (``training.losses.gradient_cache``).
        lr: The highest learning rate; None chooses by the model's size and the batch.
        weight_decay: AdamW's, of matrices and convolutions.
        warmup: Share of the steps in which the learning rate rises.
        loss: ``infonce`` or ``sigmoid``.
        keep: Weight of staying near the starting model's rows; 0 for none.
        teacher_weight: Share of the loss that is matching a teacher's similarities.
        lock: A tower that stays as it is.
        unfreeze_last: With ``lock``, how many last blocks of that tower are trained all the same;
            without, how many of both towers, all else being frozen. 0 for no such thing.
        flip: Whether pictures are mirrored at random where their text names no side.
        min_crop: The smallest share of a picture that is seen, in (0, 1].
        average: The decay of the average of the weights; 0 for none.
        patience: Measurements without a better recall after which to stop; None waits for a third
            of the epochs, at least 5.
        seed: Of the split, the order, the crops and dropout.
    """

    epochs: int | None = None
    batch: int = 128
    chunk: int = 64
    lr: float | None = None
    weight_decay: float = 0.05
    warmup: float = 0.1
    loss: LossName = "infonce"
    keep: float = 0.0
    teacher_weight: float = 0.5
    lock: Kind | None = None
    unfreeze_last: int = 0
    flip: bool = True
    min_crop: float = 0.5
    average: float = 0.999
    patience: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            UsageError: A value is outside its range.
        """
        for name, least in (("epochs", 1), ("batch", 2), ("chunk", 1), ("patience", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise UsageError(f"--{name} is {value}; it must be at least {least}")
        shares = {
            "min-crop": 0.0 < self.min_crop <= 1.0,
            "teacher-weight": 0.0 <= self.teacher_weight <= 1.0,
            "average": 0.0 <= self.average < 1.0,
            "keep": self.keep >= 0.0,
            "weight-decay": self.weight_decay >= 0.0,
            "lr": self.lr is None or self.lr > 0.0,
            "warmup": 0.0 <= self.warmup < 1.0,
            "unfreeze-last": self.unfreeze_last >= 0,
        }
        for name, is_right in shares.items():
            if not is_right:
                value = getattr(self, name.replace("-", "_"))
                raise UsageError(f"--{name} {value} is out of its range; see docs/training.md")


def default_lr(trained_parameters: int, batch: int) -> float:
    """Return a learning rate that suits a model's size and the batch.

    2e-4 for 20 million trained parameters and 128 pairs; falling with the size, since large
    models are spoilt by what small ones need, and rising with the square root of the batch,
    AdamW's rule. Never beyond 1e-5 and 5e-4.

    Source:
        Malladi et al. (2022), https://arxiv.org/abs/2205.10287, for the batch; the size is a rule
        of thumb through what is usual for ViT-B (4e-5) and was best for a small one (3e-4).
    """
    by_size: float = (20e6 / max(trained_parameters, 1)) ** 0.75
    by_batch: float = (batch / 128) ** 0.5
    return min(5e-4, max(1e-5, 2e-4 * by_size * by_batch))


def epochs_for(steps_per_epoch: int) -> int:
    """Return how many epochs suit a set of pairs: 10, but up to 40 until they make 100 steps.

    Args:
        steps_per_epoch: How many batches the pairs make.
    """
    return min(40, max(10, -(-100 // steps_per_epoch)))
