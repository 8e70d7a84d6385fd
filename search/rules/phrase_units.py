"""Texts as rules compare them: whatever their case, accents, punctuation and plurals.

A unit is a word without its plural; in scripts without spaces between words it is a character, so
that a phrase is found inside a longer run: ``运动鞋`` in ``红色运动鞋``.
"""

from collections.abc import Sequence

from binocle.catalog import tokenizer


def units_of_run(run: tokenizer.TokenRun) -> tuple[str, ...]:
    """Return the units of a run of tokens."""
    if run.paired:
        return tuple(pair[0] for pair in run.tokens)
    return tuple(map(tokenizer.stem, run.tokens))


def units_of(text: str) -> tuple[str, ...]:
    """Return the units of a text, in order."""
    runs = tokenizer.runs(tokenizer.fold(text))
    return tuple(unit for run in runs for unit in units_of_run(run))


def phrase_tokens(text: str) -> tuple[str, ...]:
    """Return the tokens that stand together where a text is stored; none of one without words.

    Of characters in pairs the last one alone is left out, as the pair before has it.
    """
    found: list[str] = []
    for run in tokenizer.runs(tokenizer.fold(text)):
        found += run.tokens[:-1] if run.paired and len(run.tokens) > 1 else run.tokens
    return tuple(found)


def holds(units: Sequence[str], phrase: Sequence[str]) -> bool:
    """Tell whether a phrase of units, at least one, stands somewhere in others."""
    size = len(phrase)
    return any(tuple(units[at : at + size]) == tuple(phrase) for at in range(len(units) - size + 1))
