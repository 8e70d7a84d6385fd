"""Training of the rows of new tokens."""

import random
from typing import Any

import numpy as np
import pytest
import torch

from training.mini.languages.lessons import FrozenTower, Lessons, LessonSet, learn_rows
from training.mini.towers import make_towers

pytestmark = [pytest.mark.model, pytest.mark.slow]
SIZE = 50


def test_only_free_rows_change_and_texts_come_nearer_to_their_pictures() -> None:
    torch.manual_seed(0)
    state: dict[str, Any] = make_towers().state_dict()
    rows = np.random.default_rng(0).normal(0, 0.04, (SIZE, 384)).astype(np.float32)
    state["text.token_embedding.weight"] = torch.from_numpy(rows)
    pixels = np.eye(4, 256, dtype=np.float32)
    free = np.zeros(SIZE, bool)
    free[10:20] = True
    shared = np.arange(SIZE)
    shared[19] = 10
    texts = [[10, 11], [12, 13], [14, 15], [16, 17]]
    sets = [
        LessonSet(0.9, texts, np.arange(4), None),
        LessonSet(0.1, [[10], [16]], None, pixels[[0, 3]]),
    ]
    lessons = Lessons(sets, pixels, pixels, shared, free, 4, 0.05, 0)
    facts: list[dict[str, Any]] = []
    learned = learn_rows(state, rows, lessons, 0.05, facts.append)
    assert (learned[:10] == rows[:10]).all()
    assert (learned[20:] == rows[20:]).all()
    assert (learned[10:18] != rows[10:18]).any(1).all()
    assert (learned[19] == learned[10]).all()
    tower = FrozenTower(state, SIZE)
    tokens, ends = tower.frame(texts)
    made = torch.nn.functional.normalize(tower(torch.from_numpy(learned)[tokens], ends), dim=1)
    assert (made @ torch.from_numpy(pixels).T).argmax(1).tolist() == [0, 1, 2, 3]
    assert facts[-1]["lesson"] > 0


def test_mistakes_leave_most_of_a_text() -> None:
    from training.mini.languages.lessons import _with_mistakes

    rng = random.Random(0)
    made = [_with_mistakes(list(range(8)), rng) for _ in range(400)]
    assert {len(one) for one in made} == {7, 8}
    assert len(_with_mistakes(list(range(80)), rng)) <= 24
