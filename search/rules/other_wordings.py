"""A text with synonyms in the place of what was typed, for what reads whole texts: vectors."""

from binocle.catalog import tokenizer
from search.rules.phrase_units import units_of_run
from search.rules.ranking_rules import SynonymTable

MOST = 3
"""So many other wordings of a text: what more synonyms say is left to words."""


def other_wordings(text: str, synonyms: SynonymTable) -> tuple[str, ...]:
    """Return other ways to say a text, folded, each with one phrase said otherwise.

    What has words in quotes is meant as it is written, and has none.
    """
    if not synonyms.by_unit or '"' in text:
        return ()
    folded = tokenizer.fold(text)
    spans = _spans(folded)
    said = [unit for unit, _, _ in spans]
    found: dict[str, None] = {}
    for start, unit in enumerate(said):
        for units, _, others in synonyms.by_unit.get(unit, ()):
            end = start + len(units)
            if tuple(said[start:end]) == units:
                before, after = folded[: spans[start][1]], folded[spans[end - 1][2] :]
                found.update(dict.fromkeys(f"{before}{one}{after}" for one in others))
    return tuple(found)[:MOST]


def _spans(folded: str) -> list[tuple[str, int, int]]:
    """Return the units of a folded text, and where each begins and ends in it."""
    spans: list[tuple[str, int, int]] = []
    for run in tokenizer.runs(folded):
        place = run.start
        written = folded[run.start : run.end] if run.paired else run.tokens
        for unit, one in zip(units_of_run(run), written, strict=True):
            place = folded.index(one, place)
            spans.append((unit, place, place + len(one)))
            place += len(one)
    return spans
