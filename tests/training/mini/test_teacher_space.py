"""The space of the teachers: colours, what pictures and texts share, neighbours."""

import numpy as np
import pytest
import torch

from training.mini.teacher_space import (
    COLOUR_WIDTH,
    JointSpace,
    TeacherPairs,
    colour_histogram,
    distinct,
    smooth,
)

pytestmark = [pytest.mark.model, pytest.mark.slow]


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
