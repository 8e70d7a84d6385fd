"""How well a model finds what was held back."""

from dataclasses import dataclass

from binocle.types import Float32Array
from evaluation.retrieval import RECALLS, evaluate_pairs
from training.models import Trainee
from training.pictures import HeldBack

_RESAMPLES_ON_THE_WAY = 1
_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Recalls:
    """Recall at 1, 5 and 10 in both directions, 0 to 1, higher is better.

    Attributes:
        text_to_image: Shares of texts that find their picture.
        image_to_text: Shares of pictures that find a text of theirs.
        intervals: 95 % confidence intervals of the six, where they were asked for.
    """

    text_to_image: tuple[float, ...]
    image_to_text: tuple[float, ...]
    intervals: tuple[tuple[float, float], ...] = ()

    @property
    def mean(self) -> float:
        """The mean of the six, what early stopping looks at."""
        figures = self.text_to_image + self.image_to_text
        return sum(figures) / len(figures)


def measure(trainee: Trainee, held_back: HeldBack, *, intervals: bool = False) -> Recalls:
    """Embed what was held back and search it, each picture for its texts and back.

    Args:
        trainee: The model as it is now.
        held_back: What to search.
        intervals: Whether to compute confidence intervals as well.
    """
    return recalls(
        *trainee.encode(held_back.pixels, held_back.matches.texts), held_back, intervals=intervals
    )


def recalls(
    image_rows: Float32Array,
    text_rows: Float32Array,
    held_back: HeldBack,
    *,
    intervals: bool = False,
) -> Recalls:
    """Return the recalls of rows made before; see ``measure``."""
    report = evaluate_pairs(
        image_rows,
        text_rows,
        held_back.matches.pair_text,
        held_back.matches.pair_picture,
        resamples=_RESAMPLES if intervals else _RESAMPLES_ON_THE_WAY,
    )
    there, back = (
        [section.estimates[f"recall@{k}"] for k in RECALLS]
        for section in (report.text_to_image, report.image_to_text)
    )
    ranges = tuple((one.low, one.high) for one in (*there, *back) if intervals)
    return Recalls(tuple(one.value for one in there), tuple(one.value for one in back), ranges)
