"""Quality of reverse lookup: ``scripts/bench lookup KNOWN... --unknown FOLDER``.

Pictures of the first folder are changed in every way of ``evaluation.transformations`` and
looked up among all folders; pictures of the unknown folders are in no collection, and must not
be taken for copies. Thresholds were set on the even pictures; the odd ones are reported.
"""

import argparse
import hashlib
import io
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

from binocle.collection import Collection
from binocle.encoders.registry import open_encoder
from binocle.images import SUFFIXES
from binocle.types import Limits
from evaluation.transformations import TRANSFORMATIONS, Transformation
from indexer.indexer import Indexer
from indexer.sources.folder import FolderSource
from search.lookup import Lookup
from search.verdicts import COPIES

_MODEL = "colour"  # lookup by hash and features asks no model


@dataclass(frozen=True, slots=True)
class Trial:
    """One lookup of the evaluation.

    Attributes:
        picture: The file that was changed.
        kind: Name of the transformation.
        is_known: Whether the picture is in the collection.
        verdict: For a known picture that of its record, else the answer's.
        confidence: Of that verdict.
        is_right: Whether the verdict is one of those the transformation allows.
        others: Further records called copies.
        took_ms: Milliseconds the lookup took.
    """

    picture: str
    kind: str
    is_known: bool
    verdict: str
    confidence: float
    is_right: bool
    others: tuple[str, ...]
    took_ms: float


def run_trials(
    collection: Path,
    known: Sequence[Path],
    unknown: Sequence[Path],
    workers: int,
    kinds: Sequence[Transformation] = TRANSFORMATIONS,
) -> list[Trial]:
    """Look up every known picture in every form, and every unknown one as it is and in one form.

    Args:
        collection: A collection that has the known pictures and none of the unknown ones.
        known: Pictures by the paths they were indexed by.
        unknown: Other pictures; they also fill collages, so there should be a few.
        workers: Processes.
        kinds: Ways to change them.
    """
    jobs = [(path, kind.name, True) for path in known for kind in kinds]
    for number, path in enumerate(unknown):
        jobs += [(path, "png", False)]
        jobs += [(path, kinds[number % len(kinds)].name, False)]
    try_one = partial(_try, collection, tuple(unknown or known))
    with ProcessPoolExecutor(workers) as processes:
        return list(processes.map(try_one, jobs, chunksize=32))


_opened: dict[Path, Lookup] = {}


def _try(collection: Path, fillers: Sequence[Path], job: tuple[Path, str, bool]) -> Trial:
    path, name, is_known = job
    if collection not in _opened:
        cv2.setNumThreads(1)
        opened = Collection(collection)
        _opened[collection] = Lookup(opened, lambda part: Path(part.uri).read_bytes(), workers=1)
    kind = next(one for one in TRANSFORMATIONS if one.name == name)
    data = changed(path, kind, fillers)
    answer = _opened[collection].find(data)
    copies = [one for one in answer.candidates if one.judgement.verdict in COPIES]
    own = [one for one in copies if is_known and Path(one.part.uri) == path]
    best = own[0].judgement if own else (copies[0].judgement if copies and not is_known else None)
    verdict = best.verdict if best else "none"
    return Trial(
        str(path),
        name,
        is_known,
        verdict,
        best.confidence if best else 0.0,
        verdict in kind.verdicts if is_known else not copies,
        tuple(one.part.uri for one in copies if one not in own),
        answer.took_ms["total"],
    )


def changed(path: Path, kind: Transformation, fillers: Sequence[Path]) -> bytes:
    """Return a picture's file, changed; the same each time."""
    seed = int.from_bytes(hashlib.sha256(f"{path.name}/{kind.name}".encode()).digest()[:8])
    random = np.random.default_rng(seed)
    other = fillers[int(random.integers(len(fillers)))]
    if other == path:
        other = fillers[(fillers.index(other) + 1) % len(fillers)]
    return kind.apply(_opened_upright(path), random, _opened_upright(other))


def _opened_upright(path: Path) -> Image.Image:
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(path.read_bytes()))).convert("RGB")
    image.thumbnail((1600, 1600))
    return image


def report(trials: Iterable[Trial]) -> str:
    """Return tables in Markdown: found and rightly named by transformation; false verdicts."""
    rows: dict[str, list[Trial]] = defaultdict(list)
    false, unknown = 0, 0
    for trial in trials:
        if trial.is_known:
            rows[trial.kind].append(trial)
        else:
            unknown += 1
            false += not trial.is_right
    lines = ["| transformation | | found | right class | median ms |", "|---|---|---|---|---|"]
    rates: dict[str, list[bool]] = {"mild": [], "strong": []}
    for kind in TRANSFORMATIONS:
        own = rows.get(kind.name, [])
        if not own:
            continue
        found = np.mean([one.verdict != "none" for one in own])
        right = [one.is_right for one in own]
        rates[kind.strength] += right
        took = np.median([one.took_ms for one in own])
        lines.append(
            f"| {kind.name} | {kind.strength} | {found:.1%} | {np.mean(right):.1%} | {took:.0f} |"
        )
    for strength, right in rates.items():
        if right:
            lines.append(f"| **{strength}, all** | | | **{np.mean(right):.2%}** | |")
    if unknown:
        lines.append(
            f"\nCalled copies though unknown: {false} of {unknown} ({false / unknown:.3%})"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(prog="scripts/bench lookup", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="what is known; the first is asked")
    parser.add_argument("--unknown", type=Path, action="append", default=[], metavar="FOLDER")
    parser.add_argument("--collection", type=Path, help="an indexed one of these folders")
    parser.add_argument("--count", type=int, default=100, help="pictures of each folder asked")
    parser.add_argument("--half", choices=["even", "odd"], default="odd")
    parser.add_argument("--kind", action="append", default=[], help="only these; else all 45")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write every trial there, one a line")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        collection = options.collection or _indexed(Path(temporary) / "known", options.folders)
        first = 1 if options.half == "odd" else 0
        known = _spread(_files(options.folders[0])[first::2], options.count)
        unknown = [
            path
            for folder in options.unknown
            for path in _spread(_files(folder)[first::2], options.count)
        ]
        kinds = [one for one in TRANSFORMATIONS if one.name in options.kind or not options.kind]
        trials = run_trials(collection, known, unknown, options.workers, kinds)
    if options.json:
        options.json.write_text("".join(json.dumps(asdict(one)) + "\n" for one in trials))
    print(report(trials))


def _files(folder: Path) -> list[Path]:
    resolved = folder.resolve()
    return sorted(one for one in resolved.rglob("*") if one.suffix.lower() in SUFFIXES)


def _spread(files: Sequence[Path], count: int) -> list[Path]:
    step = max(1, len(files) // max(1, count))
    return list(files[::step][:count])


def _indexed(path: Path, folders: Sequence[Path]) -> Path:
    with Collection(path, create=True) as collection:
        for folder in folders:
            indexer = Indexer(collection, lambda: open_encoder(_MODEL), limits=Limits(), workers=2)
            indexer.run(FolderSource(folder.resolve()))
    return path


if __name__ == "__main__":
    main()
