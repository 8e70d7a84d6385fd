"""What an evaluation found, and what two models differ in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from binocle.types import Skip
from evaluation.bootstrap import Estimate, interval
from evaluation.metrics import Float64Array

MEDIAN = "median rank"


@dataclass(frozen=True, slots=True)
class Confusion:
    """Pictures of one label that got another, which scored more."""

    label: str
    taken_for: str
    count: int


@dataclass(frozen=True, slots=True)
class Section:
    """The figures of one direction, or of labelling, each with a 95 % confidence interval.

    Attributes:
        queries: How many there were.
        candidates: How many things each ranked.
        tied: Share of queries, 0 to 1, whose best right answer scores like a wrong one.
        estimates: The figures by the names people know them by: means over queries, 0 to 1, and
            the median rank, where 1 is best and infinity is deeper than was looked.
        curve: Share of queries with a right answer among the first k, for k = 1, 2, ...
        replicates: ``(resamples, m)`` float64, the figures over each draw, for pairing.
        confusions: Of labelling the most frequent mistakes, most frequent first.
    """

    queries: int
    candidates: int
    tied: float
    estimates: dict[str, Estimate]
    curve: tuple[Estimate, ...] = field(repr=False)
    replicates: Float64Array = field(repr=False, compare=False)
    confusions: tuple[Confusion, ...] | None = None


@dataclass(frozen=True, slots=True)
class ModelResult:
    """What one model reached.

    Attributes:
        model: Its name.
        runs_on: Device and precision.
        sections: Figures by what was asked, such as ``text → image``.
        seconds: Time for pictures and texts, without loading the model.
    """

    model: str
    runs_on: str
    sections: Mapping[str, Section]
    seconds: float


@dataclass(frozen=True, slots=True)
class Difference:
    """What a second model's figure is more than the first one's.

    Attributes:
        section: What was asked.
        measure: Which figure.
        estimate: Second minus first, with its 95 % confidence interval over paired draws.
        is_beyond_chance: Whether the interval leaves out 0.
        is_better: Whether the difference speaks for the second model.
    """

    section: str
    measure: str
    estimate: Estimate
    is_beyond_chance: bool
    is_better: bool


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that one run found.

    Attributes:
        title: What was measured, for a person.
        facts: Counts and names that belong to the figures.
        results: One for each model.
        skips: Where pictures lie that could not be read, and why.
        notes: What a reader of the figures has to know.
    """

    title: str
    facts: Mapping[str, str | int | float]
    results: tuple[ModelResult, ...]
    skips: tuple[tuple[str, Skip], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What the second model's figures are more than the first one's; none for one model."""
        return compare(self.results[0], self.results[1]) if len(self.results) == 2 else ()


def compare(first: ModelResult, second: ModelResult) -> tuple[Difference, ...]:
    """Compare two models that were measured on the same pictures with the same seed.

    The draws are paired: both figures of a draw are over the same pictures, so what is hard for
    both cancels out, and the interval is narrower than the two models' own would make believe.

    Raises:
        ValueError: They were not measured alike.
    """
    found = []
    for name, one in first.sections.items():
        other = second.sections[name]
        if one.replicates.shape != other.replicates.shape or one.queries != other.queries:
            raise ValueError(f"the models were not measured on the same {name} queries")
        deltas = other.replicates - one.replicates
        pairs = zip(one.estimates.items(), other.estimates.values(), strict=True)
        for column, ((measure, before), after) in enumerate(pairs):
            estimate = interval(after.value - before.value, deltas[:, column])
            sign = -1 if measure == MEDIAN else 1  # a lower rank is better
            found.append(
                Difference(
                    section=name,
                    measure=measure,
                    estimate=estimate,
                    is_beyond_chance=estimate.low > 0 or estimate.high < 0,
                    is_better=sign * estimate.value > 0,
                )
            )
    return tuple(found)


def notes_on(results: Sequence[ModelResult]) -> tuple[str, ...]:
    """Return what has to be said about figures that many ties went into."""
    return tuple(
        f"{one.model}, {name}: for {100 * section.tied:.0f} % of the queries the right answer "
        "scores exactly like a wrong one and is ranked behind it"
        for one in results
        for name, section in one.sections.items()
        if section.tied >= 0.01
    )
