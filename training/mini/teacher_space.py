"""The joint space both towers learn: pictures and texts of the teachers, brought together.

The image teacher's features and a colour histogram stand for a picture, the sentence encoder's
row and TF-IDF for a text. Regularised canonical correlation analysis (Hotelling 1936; the
dimensions weighted by their correlation, after Gong et al. 2014) finds linear maps under which
pairs agree; a few epochs of contrastive training of these maps sharpen them. This costs minutes
and generalises well from few pairs. The towers then regress on it with as many crops and texts
as there is time for, none of which needs a pair.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from training.losses.contrastive import symmetric_infonce
from training.mini.tokenizer import bag_of_words, count_words

_BINS = 6
COLOUR_WIDTH = 2 * _BINS**3
_NEIGHBOURS = 50
_SOFTNESS = 0.1


def colour_histogram(pixels: torch.Tensor) -> torch.Tensor:
    """Count colours over the whole picture and over its middle.

    Args:
        pixels: ``(n, 3, h, w)`` RGB in 0 to 255.

    Returns:
        ``(n, 432)`` float32 square roots of shares.
    """
    small = functional.adaptive_avg_pool2d(pixels.float(), 32).clamp(0, 255)
    halves = []
    for part in (small, small[:, :, 8:24, 8:24]):
        place = part.flatten(2) / 255 * (_BINS - 1)
        counts = torch.zeros((len(pixels), _BINS**3), device=pixels.device)
        low = place.floor().clamp(max=_BINS - 2)
        high = place - low
        for corner in range(8):  # trilinear: each pixel is shared by the eight bins around it
            weight = torch.ones_like(place[:, 0])
            index = torch.zeros_like(place[:, 0])
            for channel in range(3):
                bit = corner >> channel & 1
                weight = weight * (high[:, channel] if bit else 1 - high[:, channel])
                index = index * _BINS + low[:, channel] + bit
            counts.scatter_add_(1, index.long(), weight)
        halves.append((counts / place.shape[2]).sqrt())
    return torch.cat(halves, 1)


class TextFeatures:
    """TF-IDF reduced to its largest directions, beside the sentence encoder's row."""

    def __init__(self, texts: Sequence[str], width: int, device: torch.device) -> None:
        """Learn the vocabulary, the document frequencies and the directions from texts."""
        self._vocabulary, shares = count_words(texts, 3)
        self._idf = -torch.log(torch.tensor(shares)).to(device)
        self._device = device
        torch.manual_seed(0)
        rows = self._sparse(texts).cpu()
        self._directions = torch.svd_lowrank(rows, q=width, niter=3)[2].to(device)

    def __call__(self, texts: Sequence[str], sentences: torch.Tensor) -> torch.Tensor:
        """Return ``(n, width + 384)`` float32 features.

        Args:
            texts: The texts.
            sentences: ``(n, 384)`` rows of the sentence encoder.
        """
        blocks = [
            torch.sparse.mm(self._sparse(texts[start : start + 20_000]), self._directions)
            for start in range(0, len(texts), 20_000)
        ]
        return torch.cat([torch.cat(blocks), sentences.float()], 1)

    def _sparse(self, texts: Sequence[str]) -> torch.Tensor:
        bags = bag_of_words(texts, self._vocabulary)
        row = torch.tensor([at for at, bag in enumerate(bags) for _ in bag], device=self._device)
        column = torch.tensor([word for bag in bags for word in bag], device=self._device)
        counts = torch.sparse_coo_tensor(
            torch.stack([row, column]).long(),
            self._idf[column.long()],
            (len(texts), len(self._idf)),
            check_invariants=False,
        ).coalesce()
        squares = torch.zeros(len(texts), device=self._device)
        squares.index_add_(0, counts.indices()[0], counts.values() ** 2)
        scaled = counts.values() / squares.sqrt()[counts.indices()[0]]
        return torch.sparse_coo_tensor(
            counts.indices(), scaled, counts.shape, check_invariants=False
        ).coalesce()


@dataclass(frozen=True, slots=True)
class TeacherPairs:
    """Pictures and texts of one data set that belong together.

    Attributes:
        name: Of the data set.
        pictures: ``(p, a)`` float32 image features.
        texts: ``(t, b)`` float32 text features.
        picture_of_text: ``(t,)`` int64.
        group_of_text: ``(t,)`` int64; texts of one group mean the same.
        weight: The data set's weight in the covariances, for each pair.
    """

    name: str
    pictures: torch.Tensor
    texts: torch.Tensor
    picture_of_text: torch.Tensor
    group_of_text: torch.Tensor
    weight: float


class JointSpace(nn.Module):
    """Linear maps from the teachers' features into one space of unit rows."""

    def __init__(self, image_width: int, text_width: int, width: int) -> None:
        """Make empty maps; ``fit`` fills them."""
        super().__init__()
        self.image = nn.Linear(image_width, width)
        self.text = nn.Linear(text_width, width)

    def embed_images(self, features: torch.Tensor) -> torch.Tensor:
        """Return ``(n, width)`` unit rows."""
        return functional.normalize(self.image(features), dim=1)

    def embed_texts(self, features: torch.Tensor) -> torch.Tensor:
        """Return ``(n, width)`` unit rows."""
        return functional.normalize(self.text(features), dim=1)

    @torch.no_grad()
    def fit(self, sets: Sequence[TeacherPairs], *, image_ridge: float, text_ridge: float) -> None:
        """Set the maps by regularised CCA over all data sets, each weighted."""
        total = sum(one.weight * len(one.texts) for one in sets)
        image_mean = self._mean([one.pictures[one.picture_of_text] for one in sets], sets, total)
        text_mean = self._mean([one.texts for one in sets], sets, total)
        width, other = len(image_mean), len(text_mean)
        ii = torch.zeros((width, width), dtype=torch.float64, device=image_mean.device)
        tt = torch.zeros((other, other), dtype=torch.float64, device=image_mean.device)
        it = torch.zeros((width, other), dtype=torch.float64, device=image_mean.device)
        for one in sets:
            image = one.pictures[one.picture_of_text].double() - image_mean
            text = one.texts.double() - text_mean
            # each data set is also centred by itself: what tells photos from products is no news
            image, text = image - image.mean(0), text - text.mean(0)
            share = one.weight / total
            ii += share * image.T @ image
            tt += share * text.T @ text
            it += share * image.T @ text
        a, b = _inverse_root(ii, image_ridge), _inverse_root(tt, text_ridge)
        left, correlations, right = torch.linalg.svd(a @ it @ b, full_matrices=False)
        dims = self.image.out_features
        image_map = a @ left[:, :dims] * correlations[:dims]
        text_map = b @ right[:dims].T * correlations[:dims]
        self.image.weight.copy_(image_map.T)
        self.image.bias.copy_(-image_mean @ image_map)
        self.text.weight.copy_(text_map.T)
        self.text.bias.copy_(-text_mean @ text_map)

    def refine(
        self, sets: Sequence[TeacherPairs], *, steps: int, batch: int, rate: float, dropout: float
    ) -> None:
        """Sharpen the maps by contrastive training, each batch within one data set."""
        scale = nn.Parameter(torch.tensor(math.log(20.0), device=self.image.weight.device))
        optimiser = torch.optim.Adam([*self.parameters(), scale], lr=rate)
        generator = torch.Generator().manual_seed(0)
        for step in range(steps):
            for group in optimiser.param_groups:
                group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * step / steps))
            loss = torch.zeros((), device=scale.device)
            for one in sets:
                chosen = distinct(one, batch, generator)
                pictures = functional.dropout(one.pictures[one.picture_of_text[chosen]], dropout)
                texts = functional.dropout(one.texts[chosen], dropout)
                loss = loss + symmetric_infonce(
                    self.embed_images(pictures), self.embed_texts(texts), scale.exp()
                )
            optimiser.zero_grad()
            torch.autograd.backward([loss])
            optimiser.step()

    @staticmethod
    def _mean(rows: list[torch.Tensor], sets: Sequence[TeacherPairs], total: float) -> torch.Tensor:
        sums = [one.weight * each.double().sum(0) for one, each in zip(sets, rows, strict=True)]
        return torch.stack(sums).sum(0) / total


def distinct(pairs: TeacherPairs, batch: int, generator: torch.Generator) -> torch.Tensor:
    """Choose texts at random of which no two share a picture or mean the same."""
    drawn = torch.randint(len(pairs.texts), (3 * batch,), generator=generator)
    kept, pictures, groups = [], set(), set()
    picture_of = pairs.picture_of_text.cpu()[drawn].tolist()
    group_of = pairs.group_of_text.cpu()[drawn].tolist()
    for one, picture, group in zip(drawn.tolist(), picture_of, group_of, strict=True):
        if picture not in pictures and group not in groups:
            pictures.add(picture)
            groups.add(group)
            kept.append(one)
            if len(kept) == batch:
                break
    return torch.tensor(kept, device=pairs.texts.device)


@torch.no_grad()
def smooth(
    sentences: torch.Tensor,
    rows: torch.Tensor,
    known_sentences: torch.Tensor,
    known_rows: torch.Tensor,
) -> torch.Tensor:
    """Add to each text's row those of the texts that mean nearly the same.

    One word says little of where its pictures lie; its neighbours say more, and words that mean
    the same come to share them.

    Args:
        sentences: ``(n, 384)`` rows of the sentence encoder.
        rows: ``(n, d)`` unit rows of the joint space.
        known_sentences: ``(m, 384)`` of the texts that may be neighbours.
        known_rows: ``(m, d)`` likewise.

    Returns:
        ``(n, d)`` unit rows.
    """
    bank, smoothed = known_sentences.float().T.contiguous(), []
    for mine, own in zip(torch.split(sentences, 2048), torch.split(rows, 2048), strict=True):
        near, at = (mine.float() @ bank).topk(min(_NEIGHBOURS, bank.shape[1]), 1)
        weights = torch.softmax(near / _SOFTNESS, 1)
        around = torch.einsum("nk,nkd->nd", weights, known_rows[at].float())
        smoothed.append(functional.normalize(own.float() + functional.normalize(around, dim=1)))
    return torch.cat(smoothed).to(rows.dtype)


def _inverse_root(covariance: torch.Tensor, ridge: float) -> torch.Tensor:
    size = len(covariance)
    lift = ridge * covariance.trace() / size
    values, vectors = torch.linalg.eigh(covariance + lift * torch.eye(size, device=lift.device))
    root: torch.Tensor = vectors @ torch.diag(values.rsqrt()) @ vectors.T
    return root
