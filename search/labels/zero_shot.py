"""Zero-shot labels with probabilities, "none of these" among them, and match scores.

A label is put into several sentences, whose rows are averaged and made unit rows again. A
picture's cosines to the labels are measured in standard deviations of its cosines to background
texts, so that a model's own scale does not matter, and weighed by a softmax in which those
background texts that are unlike every label stand for everything else. What they get together
is the probability of none of the labels.

Source: Radford et al., "Learning Transferable Visual Models From Natural Language Supervision",
2021, section 3.1, for the sentences; Jiang et al., "Negative Label Guided OOD Detection with
Pretrained Vision-Language Models", ICLR 2024, for labels that stand for everything else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from binocle.encoders.base import Encoder, unit_rows
from binocle.errors import UsageError
from binocle.types import Float32Array

TEMPLATES = (
    "a photo of a {}.",
    "a photo of the {}.",
    "a picture of a {}.",
    "a close-up photo of a {}.",
    "{}",
)
MAX_LABELS = 10_000
SHARPNESS = 1.5
WEIGHT_OF_OTHERS = 100.0
_OTHERS = 256
_TEXTS_AT_ONCE = 256
_TINY = 1e-6

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Labelling:
    """How likely the labels are for one picture.

    Attributes:
        labels: Names and probabilities, 0 to 1, most likely first.
        none: The probability that it is none of all labels of the set; with the probabilities of
            all labels it adds up to 1.
    """

    labels: tuple[tuple[str, float], ...]
    none: float

    @property
    def best(self) -> str | None:
        """The most likely label; None where none of them is likelier."""
        return self.labels[0][0] if self.labels and self.labels[0][1] > self.none else None


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Labels, embedded.

    Attributes:
        names: As given, each once.
        rows_kd: ``(k, d)`` float32 unit rows.
        background_bd: ``(b, d)`` float32 unit rows of background texts, to measure by.
        others_od: ``(o, d)`` float32 unit rows of those that stand for everything else.
    """

    names: tuple[str, ...]
    rows_kd: Float32Array
    background_bd: Float32Array
    others_od: Float32Array

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        encoder: Encoder,
        background_bd: Float32Array,
        templates: Sequence[str] = TEMPLATES,
    ) -> "LabelSet":
        """Embed labels.

        Args:
            names: Labels as words; empty ones and repetitions are left out.
            encoder: Embeds.
            background_bd: ``(b, d)`` float32 unit rows of ``background_texts``.
            templates: Sentences with ``{}`` where the label goes.

        Raises:
            UsageError: There are no labels, too many, or a template has no ``{}``.
        """
        kept = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
        if not kept:
            raise UsageError("there are no labels; name at least one")
        if len(kept) > MAX_LABELS:
            raise UsageError(f"{len(kept)} labels are more than the limit of {MAX_LABELS}")
        rows = embed_labels(kept, templates, encoder)
        nearness = (background_bd @ rows.T).max(axis=1)
        unlike = np.argsort(nearness, kind="stable")[:_OTHERS]
        return cls(kept, rows, background_bd, background_bd[np.sort(unlike)])

    def probabilities(
        self,
        images_nd: Float32Array,
        *,
        sharpness: float = SHARPNESS,
        others: float = WEIGHT_OF_OTHERS,
    ) -> Float64Array:
        """Return how likely each label is for each picture.

        Args:
            images_nd: ``(n, d)`` float32 unit rows.
            sharpness: Log-odds of a standard deviation; fitted (docs/labels.md).
            others: How many labels everything else counts as; fitted likewise.

        Returns:
            ``(n, k + 1)`` float64; the last column is none of them. Rows add up to 1.
        """
        usual = images_nd @ self.background_bd.T
        centre = usual.mean(axis=1, keepdims=True, dtype=np.float64)
        unit = np.maximum(usual.std(axis=1, keepdims=True, dtype=np.float64), _TINY)
        own = sharpness * (images_nd @ self.rows_kd.T - centre) / unit
        rest = sharpness * (images_nd @ self.others_od.T - centre) / unit
        top = np.maximum(own.max(axis=1), rest.max(axis=1))[:, np.newaxis]
        none = others * np.exp(rest - top).mean(axis=1, keepdims=True)
        joined = np.concatenate([np.exp(own - top), none], axis=1)
        return np.asarray(joined / joined.sum(axis=1, keepdims=True), np.float64)

    def label(
        self, images_nd: Float32Array, *, limit: int = 5, force: bool = False
    ) -> list[Labelling]:
        """Label pictures.

        Args:
            images_nd: ``(n, d)`` float32 unit rows.
            limit: How many labels to give for each.
            force: Never say none of them.
        """
        labellings = []
        others = 0.0 if force else WEIGHT_OF_OTHERS
        for row in self.probabilities(images_nd, others=others):
            order = np.argsort(-row[:-1], kind="stable")[:limit]
            found = tuple((self.names[place], float(row[place])) for place in order)
            labellings.append(Labelling(found, float(row[-1])))
        return labellings


def embed_labels(names: Sequence[str], templates: Sequence[str], encoder: Encoder) -> Float32Array:
    """Embed labels, each as the mean of its sentences.

    Args:
        names: Labels as words.
        templates: Sentences with ``{}`` where the label goes; at least one.
        encoder: Embeds.

    Returns:
        ``(k, d)`` float32 unit rows.

    Raises:
        UsageError: A template has no ``{}``.
    """
    for template in templates:
        if "{}" not in template:
            raise UsageError(
                f"the template {template!r} has no {{}}; write it where the label goes, as in "
                f"{TEMPLATES[0]!r}"
            )
    sentences = [one.replace("{}", name) for name in names for one in templates]
    rows = np.concatenate(
        [
            encoder.encode_texts(sentences[start : start + _TEXTS_AT_ONCE])
            for start in range(0, len(sentences), _TEXTS_AT_ONCE)
        ]
    )
    means = rows.reshape(len(names), len(templates), -1).mean(axis=1, dtype=np.float64)
    return unit_rows(means)
