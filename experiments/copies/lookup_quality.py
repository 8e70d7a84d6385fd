"""Quality of reverse lookup: ``scripts/bench lookup FOLDER... --split FOLDER --unknown FOLDER``.

Pictures of a collection are changed in the ways of ``experiments.copies.transformations`` and must
be found and rightly named; pictures that are in no collection must not be taken for copies. Of a
split folder every fourth picture stays out of the collection. Thresholds are set on the tuning half
of all pictures (by the parity of a checksum of their names); the other half is what figures are
reported of.
"""

import argparse
import hashlib
import io
import json
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from binocle.collection.collection import Collection
from binocle.encoders.registry import open_encoder
from binocle.media.images import SUFFIXES
from binocle.types import Limits
from experiments.copies.evasions import EVASIONS
from experiments.copies.lookup_reports import Other, Trial, report
from experiments.copies.transformations import TRANSFORMATIONS, Transformation
from indexer.indexer import Indexer
from indexer.sources.folder import FolderSource
from search.copies.lookup import Lookup
from search.copies.lookup_candidates import LookupCandidate
from search.copies.verdicts import COPIES

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
_MODEL = "colour"  # lookup by hash and features asks no model
_LEFT_OUT = 4  # every so many-th picture of a split folder is in no collection
_HALVES = {"tuning": (0,), "reported": (1,), "both": (0, 1)}
_ASKED_SIDE = 1600
CHANGES = (*TRANSFORMATIONS, *EVASIONS)


@dataclass(frozen=True, slots=True)
class LookupQuestion:
    """A picture that is looked up.

    Attributes:
        path: Its file; for a known one the path it was indexed by.
        domain: The folder it is from.
        is_known: Whether it is in the collection.
    """

    path: Path
    domain: str
    is_known: bool


def laid_out(
    place: Path, whole: Sequence[Path], split: Sequence[Path], strange: Sequence[Path]
) -> tuple[list[LookupQuestion], list[LookupQuestion]]:
    """Link what is to be indexed below ``place``, a folder for each one given.

    Args:
        place: A folder, made where it is missing.
        whole: Folders that are known.
        split: Folders of which every fourth picture is unknown, chosen by its name.
        strange: Folders that are unknown.

    Returns:
        The known pictures, by their links, and the unknown ones.
    """
    known, unknown = [], []
    for folder in [*whole, *split]:
        for path in pictures_in(folder):
            if folder in split and (_number(path) >> 1) % _LEFT_OUT == 0:
                unknown.append(LookupQuestion(path, folder.name, is_known=False))
                continue
            link = place / folder.name / path.relative_to(folder.resolve())
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.is_symlink():
                link.symlink_to(path)
            known.append(LookupQuestion(link, folder.name, is_known=True))
    for folder in strange:
        unknown += [
            LookupQuestion(path, folder.name, is_known=False) for path in pictures_in(folder)
        ]
    return known, unknown


def chosen(
    pictures: Sequence[LookupQuestion], half: str, count: int | None
) -> list[LookupQuestion]:
    """Return at most so many pictures of each domain, of a half, spread by their names."""
    kept = [one for one in pictures if _number(one.path) & 1 in _HALVES[half]]
    domains = dict.fromkeys(one.domain for one in kept)
    picked: list[LookupQuestion] = []
    for domain in domains:
        own = sorted(
            (one for one in kept if one.domain == domain), key=lambda one: _number(one.path)
        )
        picked += own if count is None else own[:count]
    return picked


def jobs_of(
    known: Sequence[LookupQuestion],
    unknown: Sequence[LookupQuestion],
    kinds: Sequence[Transformation],
    forms: int | None,
) -> Iterator[tuple[LookupQuestion, str]]:
    """Yield each picture with the changes it is asked in.

    Args:
        known: Asked in so many forms each.
        unknown: Asked as they are (as PNG), and in one form.
        kinds: The changes there are.
        forms: How many of them a known picture is asked in; None for all. Which ones goes round
            from picture to picture, so that all are asked equally often.
    """
    place = 0
    order = np.random.default_rng(0).permutation(len(kinds))
    for one in known:
        for _ in range(len(kinds) if forms is None else forms):
            yield one, kinds[order[place % len(kinds)]].name
            place += 1
    for number, one in enumerate(unknown):
        yield one, "png"
        yield one, kinds[number % len(kinds)].name


_opened: dict[Path, Lookup] = {}


def tried(
    collection: Path, fillers: Sequence[Path], seed: str, job: tuple[LookupQuestion, str]
) -> Trial:
    """Look one picture up in one form.

    Args:
        collection: Where.
        fillers: Pictures that are in no collection, for collages.
        seed: Of the changes.
        job: The picture, and the name of the change.
    """
    asked, name = job
    if collection not in _opened:
        cv2.setNumThreads(1)
        opened = Collection(collection)
        _opened[collection] = Lookup(opened, lambda part: Path(part.uri).read_bytes(), workers=1)
    kind = next(one for one in CHANGES if one.name == name)
    data, filler = changed(asked.path, kind, fillers, seed)
    shown = [asked.path] if filler is None else [asked.path, filler]
    answer = _opened[collection].find(data)
    copies = [one for one in answer.candidates if one.judgement.verdict in COPIES]
    own = next((one for one in copies if Path(one.part.uri) == asked.path), None)
    best = own or (copies[0] if copies and not asked.is_known else None)
    verdict = best.judgement.verdict if best else "none"
    return Trial(
        str(asked.path),
        asked.domain,
        name,
        asked.is_known,
        verdict,
        best.judgement.confidence if best else 0.0,
        verdict in kind.verdicts if asked.is_known else not copies,
        tuple(_other(shown, one) for one in copies if one is not own),
        answer.took_ms["total"],
    )


def _other(shown: Sequence[Path], candidate: LookupCandidate) -> Other:
    uri = candidate.part.uri
    return Other(
        uri,
        candidate.judgement.verdict,
        candidate.judgement.confidence,
        round(min(difference(one, Path(uri)) for one in shown), 1),
    )


def difference(one: Path, other: Path) -> float:
    """Return by how much the values of two pictures differ on average, 0 to 255, at 64 x 64.

    True duplicates among the known pictures (a photo stored twice) differ in less than about 4.
    """
    return float(np.abs(_reduced(one) - _reduced(other)).mean())


@lru_cache(2048)
def _reduced(path: Path) -> npt.NDArray[np.float64]:
    return np.asarray(_opened_upright(path).resize((64, 64), Image.Resampling.BOX), np.float64)


def changed(
    path: Path, kind: Transformation, fillers: Sequence[Path], seed: str = ""
) -> tuple[bytes, Path | None]:
    """Return a picture's file, changed, the same each time; and what fills the rest, if any."""
    digest = hashlib.sha256(f"{seed}{path.name}/{kind.name}".encode()).digest()
    random = np.random.default_rng(int.from_bytes(digest[:8]))
    place = int(random.integers(len(fillers)))
    other = fillers[place] if fillers[place] != path else fillers[(place + 1) % len(fillers)]
    data = kind.apply(_opened_upright(path), random, _opened_upright(other))
    return data, other if kind.name.startswith("collage") else None


def _opened_upright(path: Path) -> Image.Image:
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(path.read_bytes()))).convert("RGB")
    image.thumbnail((_ASKED_SIDE, _ASKED_SIDE))
    return image


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(prog="scripts/bench lookup", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="what is known")
    parser.add_argument("--split", type=Path, action="append", default=[], metavar="FOLDER",
                        help="a folder of which every fourth picture is unknown")  # fmt: skip
    parser.add_argument("--unknown", type=Path, action="append", default=[], metavar="FOLDER")
    parser.add_argument("--work", type=Path, metavar="FOLDER",
                        help="keep the collection here, and use it again")  # fmt: skip
    parser.add_argument("--known-count", type=int, help="known pictures asked of each folder")
    parser.add_argument("--unknown-count", type=int, help="unknown ones of each folder")
    parser.add_argument("--forms", type=int, help="changes of each known picture; else all")
    parser.add_argument("--half", choices=_HALVES, default="reported")
    parser.add_argument("--kind", action="append", default=[],
                        help="only these, of EVASIONS too; else all transformations")  # fmt: skip
    parser.add_argument("--seed", default="", help="others give other places, words and angles")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write every trial there, one a line")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        place = options.work.absolute() if options.work else Path(temporary)
        known, unknown = laid_out(place / "known", options.folders, options.split, options.unknown)
        collection = indexed(place / "collection", place / "known")
        chosen_kinds = [one for one in CHANGES if one.name in options.kind]
        kinds = chosen_kinds or TRANSFORMATIONS
        jobs = jobs_of(
            chosen(known, options.half, options.known_count),
            chosen(unknown, options.half, options.unknown_count),
            kinds,
            options.forms,
        )
        fillers = [one.path for one in unknown or known]
        try_one = partial(tried, collection, fillers, options.seed)
        trials = []
        with (options.json or Path(os.devnull)).open("w", 1) as file:
            for trial in results_of(try_one, list(jobs), options.workers):
                trials.append(trial)
                file.write(json.dumps(asdict(trial)) + "\n")
    print(report(trials))


def results_of(
    try_one: Callable[[_Job], _Result], jobs: Sequence[_Job], workers: int
) -> Iterator[_Result]:
    """Yield what is found of each job, in order, as soon as it is; one worker is this process."""
    if workers == 1:
        yield from map(try_one, jobs)
        return
    started = get_context("spawn")  # a fork would copy locks that threads hold
    with ProcessPoolExecutor(workers, started) as processes:
        yield from processes.map(try_one, jobs, chunksize=8)


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures below a folder, in order of path."""
    resolved = folder.resolve()
    return sorted(one for one in resolved.rglob("*") if one.suffix.lower() in SUFFIXES)


def _number(path: Path) -> int:
    """Return a checksum of a picture's name and that of its folder, the same everywhere."""
    return zlib.crc32(f"{path.parent.name}/{path.name}".encode()) >> 8


def indexed(path: Path, folder: Path) -> Path:
    """Index a folder into a collection, as far as it is not; return the collection's place."""
    with Collection(path, create=True) as collection:
        indexer = Indexer(collection, lambda: open_encoder(_MODEL), limits=Limits(), workers=1)
        indexer.run(FolderSource(folder))
    return path


if __name__ == "__main__":
    main()
