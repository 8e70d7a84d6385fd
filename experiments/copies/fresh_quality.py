"""Lookups of pictures changed by ``fresh_changes``, ``fresh_words`` and ``fresh_evasions``.

    python -m experiments.copies.fresh_quality NAME=FOLDER:SHARE... --work PLACE --unknown 60

Of each folder such a share, by a checksum of the names, is indexed as ``binocle index`` does, and
everything is asked as ``binocle lookup`` does. Known pictures must come first, with a copy's
verdict; what is not in the collection must be no copy.
"""

import argparse
import hashlib
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageOps

from api.container import Container
from api.operations.copies import FrameLookup, open_lookup
from api.settings import read_settings
from binocle.types import PixelArray
from experiments.copies.fresh_changes import MILD, STRONG, FreshChange, saved
from experiments.copies.fresh_evasions import EVASIVE
from experiments.copies.fresh_words import DRAWN, HIDDEN
from experiments.copies.lookup_quality import difference, pictures_in, results_of
from experiments.copies.lookup_reports import wilson
from experiments.serving import run
from search.copies.verdicts import COPIES

CLASSES: dict[str, dict[str, FreshChange]] = {
    "mild": {**MILD, **DRAWN}, "strong": {**STRONG, **HIDDEN}, "evasion": EVASIVE,
}  # fmt: skip
CHANGES = {name: change for kind in CLASSES.values() for name, change in kind.items()}
_AS_IT_IS, _COLLECTION = "as it is", "known"
_TWIN = 4.0  # mean difference of levels: below it one picture is stored twice
_QUALITY, _SIDE = 88, 1200


@dataclass(frozen=True, slots=True)
class FreshTrial:
    """One lookup.

    Attributes:
        picture: The file that was changed.
        domain: Where it is from.
        change: How.
        is_known: Whether it is in the collection.
        first: The verdict of the first candidate; ``none`` without one.
        confidence: Of that.
        named: The file of the first candidate.
        is_own: Whether that is the picture, or another file of the same.
        own: The verdict of the picture's own record, wherever it comes.
    """

    picture: str
    domain: str
    change: str
    is_known: bool
    first: str
    confidence: float
    named: str
    is_own: bool
    own: str

    @property
    def is_found(self) -> bool:
        """Whether the right record is first, as a copy."""
        return self.is_own and self.first in COPIES

    @property
    def is_false(self) -> bool:
        """Whether another picture is called a copy."""
        return not self.is_own and self.first in COPIES


_finders: dict[str, FrameLookup] = {}


def laid_out(given: Sequence[str], place: Path) -> dict[str, dict[str, list[str]]]:
    """Link what is to be known below a place, and index it; return paths by domain.

    Args:
        given: ``NAME=FOLDER:SHARE`` each.
        place: A folder; to a collection that is there what is missing is added.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for name, folder, share in (re.split("[=:]", one) for one in given):
        own = found[name] = {"known": [], "unknown": []}
        for path in pictures_in(Path(folder)):
            below = path.relative_to(Path(folder).resolve())
            digest = hashlib.sha1(f"fresh/{name}/{below}".encode(), usedforsecurity=False)
            is_known = int.from_bytes(digest.digest()[:4]) < float(share) * 2**32
            link = place / "known" / name / below
            own["known" if is_known else "unknown"].append(str(link if is_known else path))
            if is_known and not link.exists():
                link.parent.mkdir(parents=True, exist_ok=True)
                os.link(path, link)
    run(place / "home", "index", str(place / "known"), "-c", _COLLECTION)
    return found


def _finder(home: str) -> FrameLookup:
    if home not in _finders:
        cv2.setNumThreads(1)
        container = Container(read_settings(home=Path(home), workers=1))
        collection = container.open_collection(_COLLECTION).__enter__()
        _finders[home] = open_lookup(container, collection)
    return _finders[home]


def opened(path: str) -> PixelArray:
    """Return the upright pixels of a file."""
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((_SIDE, _SIDE))
    return np.asarray(upright)


def made(path: str, change: str, fillers: Sequence[str], seed: str) -> bytes:
    """Return a picture's file, changed; the same each time."""
    if change == _AS_IT_IS:
        return saved(opened(path), _QUALITY)
    digest = hashlib.sha256(f"{seed}|{Path(path).name}|{change}".encode()).digest()
    random = np.random.default_rng(int.from_bytes(digest[:8]))
    others = [one for one in fillers if one != path]
    other = opened(others[int(random.integers(len(others)))])
    return saved(CHANGES[change](opened(path), random, other), _QUALITY)


def tried(
    home: str, fillers: Sequence[str], seed: str, job: tuple[str, str, str, bool]
) -> FreshTrial:
    """Look one changed picture up.

    Args:
        home: Of the program's collections.
        fillers: Pictures that are in no collection.
        seed: Others give other amounts, places and words.
        job: The file, where it is from, how it is changed, and whether it is known.
    """
    path, domain, change, is_known = job
    answer = _finder(home).find(made(path, change, fillers, seed))
    found = [(one.part.uri, one.judgement) for one in answer.candidates]
    first = found[0] if found else None
    own = next((one.verdict for uri, one in found if uri == path), "none")
    named = first[0] if first else ""
    is_own = bool(first) and (named == path or difference(Path(path), Path(named)) < _TWIN)
    return FreshTrial(
        path, domain, change, is_known,
        first[1].verdict if first else "none", first[1].confidence if first else 0.0,
        named, is_own, own,
    )  # fmt: skip


def jobs_of(
    pictures: dict[str, dict[str, list[str]]],
    seed: str,
    changes: Sequence[str],
    known: int,
    unknown: int,
) -> Iterator[tuple[str, str, str, bool]]:
    """Yield what is asked.

    Args:
        pictures: By domain, the known and the unknown ones.
        seed: Others take other pictures.
        changes: Of known pictures; of unknown ones each has one of them in turn.
        known: How many lookups of each change and domain, of as many pictures.
        unknown: How many unknown pictures of each domain, as they are and changed.
    """
    for domain, kinds in pictures.items():
        own, others = (_shuffled(kinds[one], seed) for one in ("known", "unknown"))
        for number, change in enumerate(changes):
            for place in range(known if own else 0):
                yield own[(number * known + place) % len(own)], domain, change, True
        for number, path in enumerate(others[:unknown]):
            yield path, domain, _AS_IT_IS, False
            if changes:
                yield path, domain, changes[number % len(changes)], False


def _shuffled(paths: Sequence[str], seed: str) -> list[str]:
    names = {one: "/".join([seed, *Path(one).parts[-2:]]) for one in paths}  # wherever they lie
    return sorted(paths, key=lambda one: hashlib.sha256(names[one].encode()).digest())


def report(trials: Sequence[FreshTrial]) -> str:
    """Return the tables in Markdown, and what was wrongly called a copy."""
    known = [one for one in trials if one.is_known]
    lines = ["| change | asked | found | 95 % | by domain |", "|---|---|---|---|---|"]
    for name, changes in CLASSES.items():
        own = [one for one in known if one.change in changes]
        rows = [(name, own), *((one, [two for two in own if two.change == one]) for one in changes)]
        lines += [_row(title, chosen) for title, chosen in rows if chosen]
    lines += ["", "| unknown | lookups | called a copy | 95 % | variant |", "|---|---|---|---|---|"]
    unknown = [one for one in trials if not one.is_known and not one.is_own]
    for domain in dict.fromkeys(one.domain for one in unknown):
        for is_changed in (False, True):
            own = [
                one
                for one in unknown
                if one.domain == domain and (one.change != _AS_IT_IS) == is_changed
            ]
            if own:
                wrong = sum(one.is_false for one in own)
                variants = sum(one.first == "variant" for one in own)
                title = f"{domain}{', changed' if is_changed else ''}"
                share = _interval(wrong, len(own))
                lines.append(f"| {title} | {len(own)} | {wrong} | {share} | {variants} |")
    lines += ["", "| confidence of a copy | verdicts | right |", "|---|---|---|"]
    lines += _calibration(trials)
    lines += [
        f"{one.change}: {one.picture} {one.first} {one.confidence:.2f} {one.named}"
        for one in trials
        if one.is_false
    ]
    return "\n".join(lines)


def _interval(count: int, total: int) -> str:
    return "{:.1%} to {:.1%}".format(*wilson(count, total))


def _row(title: str, trials: Sequence[FreshTrial]) -> str:
    by_domain: dict[str, list[bool]] = defaultdict(list)
    for one in trials:
        by_domain[one.domain].append(one.is_found)
    shares = ", ".join(f"{key} {sum(own)}/{len(own)}" for key, own in by_domain.items())
    found = sum(one.is_found for one in trials)
    share = f"{found} ({found / len(trials):.1%})"
    return f"| {title} | {len(trials)} | {share} | {_interval(found, len(trials))} | {shares} |"


def _calibration(trials: Sequence[FreshTrial]) -> list[str]:
    """Return of copies and variants by confidence how many were right.

    A variant is right of an unknown picture, as the two are not the same; of a known one only a
    copy is.
    """
    asked, right = Counter[str](), Counter[str]()
    for one in trials:
        if one.first not in COPIES | {"variant"}:
            continue
        kind = "variant" if one.first == "variant" else "copy"
        bin_name = f"{kind} {min(0.9, int(one.confidence * 10) / 10):.1f}"
        asked[bin_name] += 1
        is_variant_right = not one.is_known and not one.is_own
        right[bin_name] += is_variant_right if kind == "variant" else one.is_own
    return [f"| {one} | {asked[one]} | {right[one] / asked[one]:.1%} |" for one in sorted(asked)]


def _share(text: str) -> str:
    found = re.fullmatch("[^=:]+=([^=:]+):[0-9.]+", text)
    if not found or not any(pictures_in(Path(found[1]))):
        raise argparse.ArgumentTypeError(f"{text} is no NAME=FOLDER:SHARE of a folder of pictures")
    return text


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m experiments.copies.fresh_quality")
    parser.add_argument("folders", nargs="+", type=_share, metavar="NAME=FOLDER:SHARE")
    parser.add_argument("--work", type=Path, required=True, help="a folder for the collection")
    parser.add_argument("--seed", default="fresh")
    parser.add_argument("--kind", action="append", choices=list(CLASSES), help="only these")
    parser.add_argument("--change", action="append", choices=list(CHANGES), help="only these")
    parser.add_argument("--known", type=int, default=3, help="lookups a change and domain")
    parser.add_argument("--unknown", type=int, default=0, help="pictures a domain")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write every trial there, one a line")
    options: Any = parser.parse_args(arguments)
    work = options.work.resolve()
    pictures = laid_out(options.folders, work)
    fillers = [one for kinds in pictures.values() for one in kinds["unknown"]]
    if len(fillers) < 2:
        parser.error("shares leave no pictures unknown, of which changes need some")
    kinds = options.kind or list(CLASSES)
    changes = options.change or [one for kind in kinds for one in CLASSES[kind]]
    jobs = list(jobs_of(pictures, options.seed, changes, options.known, options.unknown))
    np.random.default_rng(0).shuffle(jobs)  # so that what is stopped early has some of all
    try_one = partial(tried, str(work / "home"), fillers, options.seed)
    trials = []
    with (options.json or Path(os.devnull)).open("w", 1) as file, suppress(KeyboardInterrupt):
        for trial in results_of(try_one, jobs, options.workers):
            trials.append(trial)
            file.write(json.dumps(asdict(trial)) + "\n")
    print(report(trials))


if __name__ == "__main__":
    main()
