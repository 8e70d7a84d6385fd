"""An evaluation as rows for a terminal, as JSON, and as Markdown."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple, dataclass

from evaluation.bootstrap import CONFIDENCE, Estimate
from evaluation.results import MEDIAN, Difference, Evaluation, ModelResult
from evaluation.retrieval import CURVE_DEPTH

FORMAT = 1
_SHARES = ("recall", "accuracy")  # said in percent, as the literature does


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A table for people.

    Attributes:
        title: What it shows.
        header: Names of the columns.
        rows: Cells, as many in each row as there are columns.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables_of(evaluation: Evaluation) -> Iterator[ReportTable]:
    """Yield the tables that show all figures: one for each thing asked, then the mistakes."""
    first = evaluation.results[0]
    differences = evaluation.differences
    for name, section in first.sections.items():
        header = ["", *(one.model for one in evaluation.results)]
        if differences:
            header += ["second minus first", "beyond chance?"]
        rows = []
        for measure in section.estimates:
            estimates = [one.sections[name].estimates[measure] for one in evaluation.results]
            row = [measure, *(_said(measure, one) for one in estimates)]
            for one in differences:
                if (one.section, one.measure) == (name, measure):
                    row += [_said(measure, one.estimate, sign=True), _verdict(one, evaluation)]
            rows.append(tuple(row))
        what = f"{name}: {section.queries:,} queries, {section.candidates:,} candidates"
        yield ReportTable(what, tuple(header), tuple(rows))
    for result in evaluation.results:
        yield from _confusions(result, named=len(evaluation.results) > 1)


def sentences_of(evaluation: Evaluation) -> Iterator[str]:
    """Yield what is said below the tables: what was left out, notes, and the verdict."""
    if evaluation.skips:
        uri, skip = evaluation.skips[0]
        yield (
            f"{len(evaluation.skips):,} pictures could not be read and were left out, the first: "
            f"{uri} ({skip.message})"
        )
    absent = evaluation.facts.get("not in the collection", 0)
    if absent:
        yield f"{absent:,} pictures of the table are not in the collection and were left out"
    incomplete = evaluation.facts.get("incomplete rows", 0)
    if incomplete:
        yield f"{incomplete:,} rows have no picture or no text and were left out"
    yield from evaluation.notes
    if evaluation.differences:
        yield _conclusion(evaluation)


def json_of(evaluation: Evaluation) -> dict[str, object]:
    """Return everything as one JSON object; an infinite rank is null."""
    return {
        "format": FORMAT,
        "title": evaluation.title,
        "confidence": CONFIDENCE,
        "facts": dict(evaluation.facts),
        "models": [
            {
                "model": one.model,
                "runs_on": one.runs_on,
                "seconds": round(one.seconds, 3),
                "sections": {name: _section_json(one, name) for name in one.sections},
            }
            for one in evaluation.results
        ],
        "differences": [
            {
                "section": one.section,
                "measure": one.measure,
                **_estimate_json(one.estimate),
                "beyond_chance": one.is_beyond_chance,
                "better": evaluation.results[int(one.is_better)].model
                if one.is_beyond_chance
                else None,
            }
            for one in evaluation.differences
        ],
        "skipped": [
            {"picture": uri, "code": skip.code, "reason": skip.message}
            for uri, skip in evaluation.skips
        ],
        "notes": list(evaluation.notes),
    }


def markdown_of(evaluation: Evaluation) -> str:
    """Return a page for people."""
    lines = [f"# {evaluation.title}", ""]
    lines += [f"- {name}: {_escaped(_plain(value))}" for name, value in evaluation.facts.items()]
    lines += [
        f"- {_escaped(one.model)}: {one.runs_on}, {one.seconds:.1f} s for pictures and texts"
        for one in evaluation.results
    ]
    for table in tables_of(evaluation):
        lines += ["", f"## {table.title}", ""]
        lines.append(_markdown_row(table.header))
        lines.append("|" + "---|" * len(table.header))
        lines += [_markdown_row(row) for row in table.rows]
    sentences = list(sentences_of(evaluation))
    if sentences:
        lines += ["", "## Notes", ""]
        lines += [f"- {_escaped(one)}" for one in sentences]
    lines += [
        "",
        f"In brackets: {100 * CONFIDENCE:g} % confidence intervals, by bootstrap over pictures.",
    ]
    return "\n".join(lines) + "\n"


def _said(measure: str, estimate: Estimate, *, sign: bool = False) -> str:
    """Return a figure and its interval as people write them."""
    plus, unit = "+" if sign else "", ""
    if measure == MEDIAN:
        said = [_rank(one, plus) for one in astuple(estimate)]
    elif any(word in measure for word in _SHARES):
        said = [f"{100 * one:{plus}.1f}" for one in astuple(estimate)]
        unit = " points" if sign else " %"
    else:
        said = [f"{one:{plus}.3f}" for one in astuple(estimate)]
    return f"{said[0]}{unit} ({said[1]} to {said[2]})"


def _rank(rank: float, plus: str) -> str:
    return f"{rank:{plus},g}" if math.isfinite(rank) else f">{CURVE_DEPTH}"


def _verdict(difference: Difference, evaluation: Evaluation) -> str:
    if not difference.is_beyond_chance:
        return "no"
    return f"yes, {evaluation.results[int(difference.is_better)].model} is better"


def _conclusion(evaluation: Evaluation) -> str:
    first, second = (one.model for one in evaluation.results)
    clear = [one for one in evaluation.differences if one.is_beyond_chance]
    wins = [f"{one.section} {one.measure}" for one in clear if one.is_better]
    losses = [f"{one.section} {one.measure}" for one in clear if not one.is_better]
    if not clear:
        return f"Nothing here tells {second} from {first}: every difference may be chance"
    said = [
        f"{model} is better beyond chance in {', '.join(which)}"
        for model, which in ((second, wins), (first, losses))
        if which
    ]
    rest = len(evaluation.differences) - len(clear)
    tail = f"; the other {rest} differences may be chance" if rest else ""
    return "; ".join(said) + tail


def _confusions(result: ModelResult, *, named: bool) -> Iterator[ReportTable]:
    for section in result.sections.values():
        if section.confusions:
            rows = tuple((one.label, one.taken_for, f"{one.count:,}") for one in section.confusions)
            title = "Most frequent mistakes" + (f" of {result.model}" if named else "")
            yield ReportTable(title, ("label", "taken for", "pictures"), rows)


def _section_json(result: ModelResult, name: str) -> dict[str, object]:
    section = result.sections[name]
    body: dict[str, object] = {
        "queries": section.queries,
        "candidates": section.candidates,
        "tied": section.tied,
        "measures": {measure: _estimate_json(one) for measure, one in section.estimates.items()},
        "curve": [_estimate_json(one) for one in section.curve],
    }
    if section.confusions is not None:
        body["confusions"] = [asdict(one) for one in section.confusions]
    return body


def _estimate_json(estimate: Estimate) -> dict[str, float | None]:
    figures = asdict(estimate).items()
    return {name: number if math.isfinite(number) else None for name, number in figures}


def _plain(value: str | float) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(_escaped, cells)) + " |"


def _escaped(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
