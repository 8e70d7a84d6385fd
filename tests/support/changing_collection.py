"""A collection of which some records stay while others come, change and go."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.errors import UnreachableError
from binocle.types import NewPart, NewRecord

ENCODER = ColourEncoder()


WORDS = ["red", "green", "blue", "yellow", "pink", "brown", "white", "black", "orange", "purple"]


PAGES, LIMIT = 300, 4


STABLE = PAGES * LIMIT  # records that nobody touches; others come, change and go


def record(name: str, seed: int, *, n: int) -> NewRecord:
    rng = np.random.default_rng(seed)
    text = " ".join(rng.choice(WORDS, 3))
    row = ENCODER.encode_texts([text])[0] + 0.05 * rng.standard_normal(ENCODER.space.dimension)
    row = (row / np.linalg.norm(row)).astype(np.float32)
    parts = (
        NewPart("image", "image", name, f"{name} {seed}".encode(), row),
        NewPart("text", "title", name, f"{name} t{seed}".encode(), row, text=text),
    )
    return NewRecord(name, name, {"n": n, "style": f"s{n % 700}", "color": text.split()[0]}, parts)


def fill(collection: Collection) -> None:
    collection.claim_space(ENCODER.space)
    for first in range(0, STABLE, 300):
        collection.upsert([record(f"stable {n}", n, n=n) for n in range(first, first + 300)])
    collection.upsert([record(f"loose {n}", 5000 + n, n=n) for n in range(300)])


def fill_engine(collection: Collection, count: int, *, pushed: int, changed: int) -> None:
    """Write records, push so many, remove each seventh, and write what is not pushed.

    Args:
        collection: Empty, with its vectors in an engine or not.
        count: How many records are written.
        pushed: How many of the first are pushed, then.
        changed: How many of the last of these are written again.
    """
    records = [record(f"r{n}", n, n=n) for n in range(count)]
    collection.claim_space(ENCODER.space)
    collection.upsert(records[:pushed])
    collection.save_indices()
    collection.remove([f"r{n}" for n in range(0, pushed, 7)])
    collection.upsert(records[pushed - changed :])


def write_without_server(
    folder: Path, caplog: pytest.LogCaptureFixture, ask: Callable[[Collection], object]
) -> None:
    """Write a record, ``late``, while the engine is away: it is pushed later; questions wait."""
    with Collection(folder) as collection:
        collection.upsert([record("late", 1, n=1)])
        collection.save_indices()
        assert "pushed later" in caplog.text
        with pytest.raises(UnreachableError, match="see whether the server runs"):
            ask(collection)


def write(collection: Collection, writer: str, turn: int) -> None:
    """Add, change and remove records that are not among the stable ones."""
    chance = random.Random(f"{writer} {turn}")
    new = [record(f"{writer} {turn} {one}", chance.randrange(10**6), n=one) for one in range(5)]
    changed = [
        record(f"loose {chance.randrange(300)}", chance.randrange(10**6), n=one) for one in range(3)
    ]
    collection.upsert([*new, *changed])
    collection.remove([f"loose {chance.randrange(300)}", f"{writer} {turn - 3} 1"])
