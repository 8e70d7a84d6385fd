"""Where the words that were found stand in a text, for showing it.

A text is cut as it was for the index (``catalog.tokenizer``), so what is marked is what was found:
without regard to case, width and accents, and in scripts without spaces as well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from binocle.catalog import tokenizer

MAX_CHARACTERS = 5000
_EXCERPT = 240
_BEFORE = 60  # characters of an excerpt before its first mark


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text.

    Attributes:
        text: As it was stored.
        matched: Whether it is what was found.
    """

    text: str
    matched: bool


def highlighted(text: str, words: Iterable[str]) -> tuple[Piece, ...]:
    """Return an excerpt of a text in pieces, those marked that are words; none without any.

    Args:
        text: Looked at up to ``MAX_CHARACTERS``.
        words: As ``Contribution.words``; of one that stands nowhere, words that begin so are
            marked as far as it goes.
    """
    folded = tokenizer.fold(text[:MAX_CHARACTERS])
    letters = tokenizer.letters_of(folded)
    standing = [
        one for one in map(tokenizer.fold, words)
        if one in folded or tokenizer.letters_of(one) in letters
    ]  # fmt: skip
    if not standing:
        return ()  # most texts of a record, which need not be cut then
    folded, places = _placed(text[:MAX_CHARACTERS])
    tokens = _tokens(folded)
    spans: list[tuple[int, int]] = []
    for wanted in standing:
        spans += _exact(folded, tokens, wanted) or [
            (start, start + len(wanted)) for start, end in tokens if folded[start:end] != wanted
            and folded.startswith(wanted, start)
        ]  # fmt: skip
    marks = _joined((places[start], places[end]) for start, end in spans)
    return tuple(_pieces(text, marks)) if marks else ()


def _placed(text: str) -> tuple[str, list[int]]:
    """Return a text folded by characters, where each of these begins in the text, and its end."""
    if text.isascii():
        return text.lower(), list(range(len(text) + 1))
    pieces = [tokenizer.fold(one) for one in text]
    places = [place for place, piece in enumerate(pieces) for _ in piece]
    return "".join(pieces), [*places, len(text)]


def _tokens(folded: str) -> list[tuple[int, int]]:
    """Return where tokens begin and end: runs, the words of a run, each character of a paired one.

    A run is there beside its words where it is found as one, such as ``wh-1000xm4``.
    """
    found: list[tuple[int, int]] = []
    for run in tokenizer.runs(folded):
        if run.paired:
            found += [(place, place + 1) for place in range(run.start, run.end)]
            continue
        place = run.start
        for token in run.tokens:
            place = folded.index(token, place)
            found.append((place, place + len(token)))
            place += len(token)
    return found


def _exact(folded: str, tokens: Sequence[tuple[int, int]], wanted: str) -> list[tuple[int, int]]:
    """Return where neighbouring tokens, whatever stands between them, say just a word."""
    letters = tokenizer.letters_of(wanted)
    found: list[tuple[int, int]] = []
    for first, (start, _) in enumerate(tokens):
        said = ""
        for begin, end in tokens[first:]:
            said += folded[begin:end]
            if said == letters:
                found.append((start, end))
            if not letters.startswith(said) or said == letters:
                break
    return found


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order, those that overlap as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _pieces(text: str, marks: Sequence[tuple[int, int]]) -> Iterable[Piece]:
    """Yield the pieces of an excerpt that begins a little before the first mark."""
    first = marks[0][0]
    start = 0 if len(text) <= _EXCERPT or first <= _BEFORE else first - _BEFORE
    stop = min(len(text), max(start + _EXCERPT, marks[0][1]))
    if start:
        yield Piece("…", matched=False)
    for begin, end in marks:
        if end > stop:
            break
        if begin > start:
            yield Piece(text[start:begin], matched=False)
        yield Piece(text[begin:end], matched=True)
        start = end
    if start < stop:
        yield Piece(text[start:stop], matched=False)
    if stop < len(text):
        yield Piece("…", matched=False)
