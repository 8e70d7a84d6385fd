"""What a collection says itself, in just the words that somebody typed."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from binocle.catalog import text_rows, tokenizer
from binocle.collection.collection import Collection
from binocle.metadata.filters import Comparison

TAKEN = "taken_at"
_MOST_TOKENS = 64
_A_TITLES_PART = 6  # tokens


@dataclass(frozen=True, slots=True)
class StoredWords:
    """Asked before words are read as more than words.

    Attributes:
        is_title: Tells whether some text of the collection says just this, of two words at least,
            or has it in one piece, of six at least, as when a long title's begin was typed.
        has_phrase: Tells whether some text has these words in one piece.
        date_field: Names the field of when photos were taken; None for none.
        has_any: Tells whether some record passes a comparison.
    """

    is_title: Callable[[str], bool] = lambda _: False
    has_phrase: Callable[[str], bool] = lambda _: False
    date_field: Callable[[], str | None] = lambda: None
    has_any: Callable[[Comparison], bool] = lambda _: False


NOTHING_STORED = StoredWords()


def stored_words(collection: Collection) -> StoredWords:
    """Return what a collection says."""
    return StoredWords(
        lambda text: _is_said(collection, text, is_all=True),
        lambda text: _is_said(collection, text, is_all=False),
        lambda: _date_field(collection),
        lambda where: bool(np.any(collection.snapshot(where=where).mask(where))),
    )


def _date_field(collection: Collection) -> str | None:
    with collection.reading() as session:
        is_there = TAKEN in session.fields.names() and "texts" in session.fields.holds(TAKEN)
    return TAKEN if is_there else None


def _is_said(collection: Collection, text: str, *, is_all: bool) -> bool:
    tokens = tokenizer.tokens_of(text, _MOST_TOKENS + 1)[0]
    if not (1 < len(tokens) <= _MOST_TOKENS):
        return False
    with collection.reading() as session:
        rows = session.words.rows_with([tokens])
    groups = rows >> text_rows.GROUP_SHIFT & (text_rows.GROUPS - 1)
    found = (groups == text_rows.TITLE) | (groups == text_rows.CAPTION)
    if is_all and len(tokens) < _A_TITLES_PART:
        found &= (rows & text_rows.LENGTH_MASK) == len(tokens)
    return bool(np.any(found))
