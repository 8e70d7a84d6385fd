"""What the trials of reverse lookup show, as tables in Markdown."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.copies.evasions import EVASIONS
from experiments.copies.transformations import TRANSFORMATIONS

_TWIN = 4.0  # a mean difference of 255: below it one photo is stored twice
_Z = 1.96
_LISTED = 200


@dataclass(frozen=True, slots=True)
class Other:
    """A record called a copy that the picture was not made from.

    Attributes:
        uri: Its file.
        verdict: What it was called.
        confidence: Of that.
        difference: Mean difference from the unchanged picture, 0 to 255.
    """

    uri: str
    verdict: str
    confidence: float
    difference: float

    @property
    def is_twin(self) -> bool:
        """Whether it practically is the same picture."""
        return self.difference < _TWIN


@dataclass(frozen=True, slots=True)
class Trial:
    """One lookup of the evaluation.

    Attributes:
        picture: The file that was changed.
        domain: The folder it is from.
        kind: Name of the transformation.
        is_known: Whether the picture is in the collection.
        verdict: For a known picture that of its record, else the answer's.
        confidence: Of that verdict.
        is_right: Whether the verdict is one of those the transformation allows.
        others: Further records called copies.
        took_ms: Milliseconds the lookup took.
    """

    picture: str
    domain: str
    kind: str
    is_known: bool
    verdict: str
    confidence: float
    is_right: bool
    others: tuple[Other, ...]
    took_ms: float

    @property
    def strangers(self) -> tuple[Other, ...]:
        """Records called copies wrongly: not the picture's own, and no twin of it."""
        return tuple(one for one in self.others if not one.is_twin)


def wilson(count: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a rate.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", 1927.

    Args:
        count: How often it happened.
        total: Of how many times, at least 1.
    """
    rate, weight = count / total, _Z**2 / total
    middle = (rate + weight / 2) / (1 + weight)
    half = (rate * (1 - rate) * weight + weight**2 / 4) ** 0.5 / (1 + weight)
    return max(0.0, middle - half), min(1.0, middle + half)


def report(trials: Sequence[Trial]) -> str:
    """Return what was found and rightly named, by folder and change, and what was wrongly so."""
    known = [one for one in trials if one.is_known]
    unknown = [one for one in trials if not one.is_known]
    missed = [f"{one.kind} {one.picture} -> {one.verdict}" for one in known if not one.is_right]
    tables = [_by_domain(known), _by_kind(known)] if known else []
    tables += [
        _false("Unknown pictures called a copy of something", unknown),
        _false("Known pictures whose answer names another record too", known),
        _listed("Known and not rightly named", missed),
    ]
    return "\n\n".join(one for one in tables if one)


def _by_domain(known: Sequence[Trial]) -> str:
    lines = ["| folder | mild | right class | strong | right class |", "|---|---|---|---|---|"]
    strengths = {one.name: one.strength for one in (*TRANSFORMATIONS, *EVASIONS)}
    for domain in [*dict.fromkeys(one.domain for one in known), "all"]:
        cells: list[object] = [domain]
        for strength in ("mild", "strong"):
            right = [
                one.is_right
                for one in known
                if domain in (one.domain, "all") and strengths[one.kind] == strength
            ]
            cells += [len(right), _rate(sum(right), len(right))]
        lines.append(_row(cells))
    return "\n".join(lines)


def _by_kind(known: Sequence[Trial]) -> str:
    rows: dict[str, list[Trial]] = defaultdict(list)
    for trial in known:
        rows[trial.kind].append(trial)
    lines = ["| change | | found | right class | median ms |", "|---|---|---|---|---|"]
    for kind in (*TRANSFORMATIONS, *EVASIONS):
        own = rows[kind.name]
        if own:
            found = np.mean([one.verdict != "none" for one in own])
            right = np.mean([one.is_right for one in own])
            took = np.median([one.took_ms for one in own])
            figures = f"{found:.1%}", f"{right:.1%}", f"{took:.0f}"
            lines.append(_row([kind.name, kind.strength, *figures]))
    return "\n".join(lines)


def _false(title: str, trials: Sequence[Trial]) -> str:
    """Return how many trials name a stranger, by folder, and which."""
    if not trials:
        return ""
    lines = [
        "| folder | lookups | name a copy | of these near-duplicate | true duplicates apart |",
        "|---|---|---|---|---|",
    ]
    for domain in [*dict.fromkeys(one.domain for one in trials), "all"]:
        own = [one for one in trials if domain in (one.domain, "all")]
        wrong = [one for one in own if one.strangers]
        near = sum(any(o.verdict == "near-duplicate" for o in one.strangers) for one in wrong)
        twins = sum(any(o.is_twin for o in one.others) for one in own)
        rates = _rate(len(wrong), len(own)), _rate(near, len(own))
        lines.append(_row([domain, len(own), *rates, twins]))
    pairs = Counter((one.picture, other.uri) for one in trials for other in one.strangers)
    lines.append(f"\n{len(pairs)} different pairs.")
    named = [
        f"{one.kind} {one.picture} -> {other.verdict} {other.confidence:.2f} {other.uri} "
        f"(differ by {other.difference})"
        for one in trials
        for other in one.strangers
    ]
    return f"{title}:\n\n" + "\n".join(lines) + "\n\n" + _listed("Which", named)


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _listed(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    shown = [f"- {one}" for one in sorted(lines)[:_LISTED]]
    rest = len(lines) - len(shown)
    return "\n".join([f"{title}:", "", *shown, *([f"- and {rest} more"] if rest else [])])


def _rate(count: int, total: int) -> str:
    if not total:
        return "-"
    low, high = wilson(count, total)
    return f"{count} = {count / total:.2%} ({low:.2%} to {high:.2%})"
