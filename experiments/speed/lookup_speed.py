"""Speed of reverse lookup among many: ``scripts/bench lookup-speed FOLDER... --unknown FOLDER``.

Pictures of the first folder are changed and looked up; those of the others fill the collection,
once as they are, and then as synthetic pictures up to the wanted number: a random hash, the
corners of a quarter each of four of them, four bits of each code turned, and one of their files,
so that what is verified is really read and decoded.
"""

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from binocle.catalog.base import CatalogWriter
from binocle.collection.collection import Collection
from binocle.encoders.registry import open_encoder
from binocle.fingerprints.fingerprint import CODE_BYTES, HASH_BYTES, unpacked
from binocle.media.kinds import IMAGE
from binocle.types import Fingerprint, Limits, NewPart, NewRecord
from experiments.copies.lookup_quality import pictures_in
from experiments.copies.transformations import TRANSFORMATIONS
from indexer.indexer import Indexer
from indexer.sources.folder import FolderSource
from search.copies.lookup import Lookup
from search.copies.verdicts import COPIES

_FULL = 96
_DONORS = 4
_TURNED_BITS = 4
_BATCH = 10_000
_KINDS = (
    "jpeg-25", "resize-0.25", "meme", "crop-50%", "crop-70%", "collage-2x2", "mirror-crop",
    "rotate-10-30", "perspective",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill a collection where there is none, and measure lookups in it."""
    parser = argparse.ArgumentParser(prog="scripts/bench lookup-speed", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--unknown", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--collection", type=Path, required=True, help="made where there is none")
    parser.add_argument("--count", type=int, default=1_000_000, help="pictures in it")
    parser.add_argument("--asked", type=int, default=40, help="lookups of each sort")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    folders = [one.resolve() for one in options.folders]
    if not (options.collection / "catalog.sqlite").exists():
        fill(options.collection, folders, options.count)
    measure(options.collection, folders[0], options.unknown, options.asked, options.workers)


def fill(path: Path, folders: Sequence[Path], count: int, *, mixed: bool = False) -> None:
    """Index folders into a new collection, and add synthetic pictures up to a number.

    Args:
        path: The collection.
        folders: Folders of pictures.
        count: How many pictures it will have.
        mixed: Make no two pictures alike: each corner is another picture's, and a hash is a real
            one with a quarter of its bits turned. Otherwise as told above.
    """
    with Collection(path, create=True) as collection:
        for number, folder in enumerate(folders):
            indexer = Indexer(
                collection, lambda: open_encoder("colour"), limits=Limits(), workers=2
            )
            indexer.run(FolderSource(folder))
            if number == 0:
                with collection.reading() as session:
                    first = session.history.newest_part() + 1
        started = time.perf_counter()
        donors = _Donors(collection, first, _FULL if mixed else _DONORS)
        made = collection.snapshot((IMAGE,)).count_parts(IMAGE)
        random = np.random.default_rng(0)
        while made < count:
            size = min(_BATCH, count - made)
            with collection.writing() as session:
                _insert(session, donors, random, range(made, made + size))
            made += size
        print(f"{made:,} pictures; synthetic ones in {time.perf_counter() - started:.0f} s")
        started = time.perf_counter()
        collection.fingerprint_follower.save()
        print(f"index made and saved in {time.perf_counter() - started:.1f} s")


class _Donors:
    """What synthetic pictures are made of."""

    def __init__(self, collection: Collection, first: int, many: int) -> None:
        self._many = many
        words, codes, ids, hashes = [], [], [], []
        with collection.reading() as session:
            for rows in session.fingerprints.after(first - 1):
                hashes.append(rows.hashes)
                for part_id, features in zip(rows.part_ids.tolist(), rows.features, strict=True):
                    found = unpacked(features)
                    if len(found.words) == _FULL:
                        words.append(found.words)
                        codes.append(found.codes)
                        ids.append(part_id)
            pictures = session.fingerprints.pictures(ids[:5000])
            self.files = [(one.part.uri, one.info) for one in pictures.values()]
        self.words, self.codes = np.stack(words), np.stack(codes)
        self._hashes = np.concatenate(hashes)

    def features(self, random: np.random.Generator, count: int) -> Iterator[bytes]:
        """Yield the features of synthetic pictures, as stored."""
        many, step = self._many, _FULL // self._many
        donor = random.integers(0, len(self.words), (count, many)).repeat(step, axis=1)
        first = step * random.integers(0, many, (count, many)).repeat(step, axis=1)
        place = first + np.tile(np.arange(step), many)
        words = self.words[donor, place].astype("<u2")
        codes = self.codes[donor, place] ^ _turned(random, (count, _FULL))
        for own_words, own_codes in zip(words, codes, strict=True):
            yield own_words.tobytes() + own_codes.tobytes()

    def hashes(self, random: np.random.Generator, count: int) -> npt.NDArray[np.uint8]:
        """Return the hashes of synthetic pictures, ``(count, 32)`` uint8."""
        noise = random.integers(0, 256, (2, count, HASH_BYTES), np.uint8)
        if self._many < _FULL:
            return np.asarray(noise[0], np.uint8)
        own = self._hashes[random.integers(0, len(self._hashes), count)]
        return np.asarray(own ^ (noise[0] & noise[1]), np.uint8)


def _turned(random: np.random.Generator, shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
    bits = np.zeros((*shape, CODE_BYTES), np.uint8)
    for _ in range(_TURNED_BITS):
        bit = random.integers(0, 8 * CODE_BYTES, shape)
        place = (bit // 8)[..., np.newaxis]
        mask = (1 << (bit % 8)).astype(np.uint8)[..., np.newaxis]
        np.put_along_axis(bits, place, np.take_along_axis(bits, place, 2) ^ mask, 2)
    return bits


def _insert(
    session: CatalogWriter, donors: _Donors, random: np.random.Generator, numbers: range
) -> None:
    """Write records that nothing but reverse lookup can tell apart: their vectors are the same."""
    space = session.space()
    assert space is not None
    vector = np.zeros(space.dimension, np.float32)
    vector[0] = 1
    count = len(numbers)
    new = []
    for number, file, hashed, features in zip(
        numbers,
        random.integers(0, len(donors.files), count).tolist(),
        donors.hashes(random, count),
        donors.features(random, count),
        strict=True,
    ):
        uri, info = donors.files[file]
        fingerprint = Fingerprint(hashed.tobytes(), features)
        part = NewPart(
            IMAGE, "image", uri, random.bytes(32), vector, info=info, fingerprint=fingerprint
        )
        new.append(NewRecord(f"synthetic/{number}", uri, {}, (part,)))
    session.records.upsert(new)


def measure(path: Path, known: Path, unknown: Path, count: int, workers: int) -> None:
    """Print the milliseconds of lookups by stage: of changed and of unknown pictures."""
    asked = list(_changed(pictures_in(known), pictures_in(unknown), count))
    asked += [("unknown", None, one.read_bytes()) for one in _spread(pictures_in(unknown), count)]
    started = time.perf_counter()
    with Collection(path) as collection:
        finder = Lookup(collection, lambda part: Path(part.uri).read_bytes(), workers=workers)
        finder.find(asked[0][2])
        print(f"first lookup after opening: {1000 * (time.perf_counter() - started):.0f} ms")
        stages: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        verified: dict[str, list[int]] = defaultdict(list)
        right: dict[str, list[bool]] = defaultdict(list)
        for _ in range(2):  # the second time from warm files
            stages.clear()
            for sort, uri, data in asked:
                processor = time.process_time()
                answer = finder.find(data)
                processor = 1000 * (time.process_time() - processor)
                group = "unknown" if uri is None else "changed"
                stages[group]["processor"].append(processor)
                for stage, took in answer.took_ms.items():
                    stages[group][stage].append(took)
                copies = {
                    one.part.uri for one in answer.candidates if one.judgement.verdict in COPIES
                }
                right[sort].append(uri in copies if uri else not copies)
                verified[group].append(answer.verified)
    for group, by_stage in stages.items():
        print(f"{group}: {statistics.mean(verified[group]):.1f} verified")
        for stage, values in by_stage.items():
            print(
                f"  {stage:<10} median {statistics.median(values):6.1f} ms, "
                f"95 of 100 below {np.percentile(values, 95):6.1f} ms"
            )
    print("right:", "  ".join(f"{sort} {np.mean(values):.0%}" for sort, values in right.items()))


def _changed(
    files: Sequence[Path], others: Sequence[Path], count: int
) -> Iterator[tuple[str, str | None, bytes]]:
    kinds = [one for one in TRANSFORMATIONS if one.name in _KINDS]
    for number, path in enumerate(_spread(files, count)):
        kind = kinds[number % len(kinds)]
        random = np.random.default_rng(number)
        other = ImageOps.exif_transpose(Image.open(others[number % len(others)])).convert("RGB")
        image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        yield kind.name, str(path), kind.apply(image, random, other)


def _spread(files: Sequence[Path], count: int) -> list[Path]:
    return list(files[:: max(1, len(files) // count)][:count])


if __name__ == "__main__":
    main()
