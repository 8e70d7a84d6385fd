"""Speed of pairing duplicates: ``scripts/bench duplicate-speed FOLDER... --collection PLACE``.

A collection of real pictures and synthetic ones that are alike only as much as any pictures are
(``lookup_speed``, mixed); or, with ``--still``, of hashes and corners that are all nearly the
same, as those of a camera that never moves. What is timed is everything but the pixels: the
pairs are not verified.
"""

import argparse
import resource
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from binocle.collection.collection import Collection
from binocle.fingerprints.fingerprint import CODE_BYTES, HASH_BYTES, STORED_FEATURES, Codes
from binocle.fingerprints.local_features import WORDS
from binocle.vectors.fingerprints.near_hashes import NearHashes
from binocle.vectors.fingerprints.shared_features import SharedFeatures
from experiments.speed.lookup_speed import fill
from search.copies.pairing import MOST, PAIR_BITS, SOME_SHARED, contents_of, pairs_among

_BLOCK = 256


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill a collection where there is none, and measure."""
    parser = argparse.ArgumentParser(prog="scripts/bench duplicate-speed", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--collection", type=Path, help="made where there is none")
    parser.add_argument("--count", type=int, default=200_000, help="pictures in it")
    parser.add_argument("--still", action="store_true", help="all nearly the same")
    options = parser.parse_args(arguments)
    wall, processor = time.perf_counter(), time.process_time()
    if options.still:
        pictures, pairs, crowded = _still(options.count)
    else:
        if not (options.collection / "catalog.sqlite").exists():
            fill(options.collection, options.folders, options.count, mixed=True)
        wall, processor = time.perf_counter(), time.process_time()
        with Collection(options.collection) as collection:
            contents = contents_of(collection.reading)
            found = pairs_among(collection.reading, contents.firsts)
        pictures, pairs, crowded = contents.pictures, len(found.lower), found.crowded
    print(
        f"{pictures:,} pictures: {pairs:,} pairs, {crowded:,} crowded; "
        f"{time.process_time() - processor:.0f} s of processor time, "
        f"{time.perf_counter() - wall:.0f} s in all, "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB at most"
    )


def _still(count: int) -> tuple[int, int, int]:
    """Pair pictures that differ in some bits of one hash and of the codes of one picture."""
    random = np.random.default_rng(0)
    hashed = random.integers(0, 256, HASH_BYTES, dtype=np.uint8)
    words = random.integers(0, WORDS, STORED_FEATURES)
    codes = random.integers(0, 256, (STORED_FEATURES, CODE_BYTES), dtype=np.uint8)
    near, sharing = NearHashes(PAIR_BITS, MOST), SharedFeatures(SOME_SHARED, MOST)
    pairs = crowded = 0
    for start in range(0, count, _BLOCK):
        size = min(_BLOCK, count - start)
        by_hash = near.add(hashed ^ _noise(random, (size, HASH_BYTES), 5))
        noise = _noise(random, (size, STORED_FEATURES, CODE_BYTES), 4)
        shared = sharing.add([Codes(words, codes ^ one) for one in noise])
        pairs += len(by_hash.rows) + len(shared.rows)
        crowded += len(np.union1d(by_hash.crowded, shared.crowded))
    return count, pairs, crowded


def _noise(
    random: np.random.Generator, shape: tuple[int, ...], halvings: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return bytes with one bit of ``2**halvings`` set."""
    noise = random.integers(0, 256, (halvings, *shape), dtype=np.uint8)
    return np.asarray(np.bitwise_and.reduce(noise), np.uint8)


if __name__ == "__main__":
    main()
