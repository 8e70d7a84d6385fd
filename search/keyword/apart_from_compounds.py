"""Words that are also the end of another thing's name: a shirt is no T-shirt.

Where texts write a letter and a word as one, as in T-shirt, V-neck and e-book, this is a word of
its own, whose end is stored, too. Whoever asks for shirts asks for no T-shirts where a collection
tells the two apart: few records that have the one say the other word besides, and of those that say
the word there are more than a few.
"""

from collections.abc import Collection, Iterable
from string import ascii_lowercase

import numpy as np

from binocle.catalog import text_rows, tokenizer
from binocle.catalog.base import CatalogReader
from binocle.types import Int64Array, Part

_LEAST_LETTERS = 3
_FEWEST = 3  # records have the word alone
_SHARE_ALONE = 0.05  # of the records with the compound, at least so many have the word alone
_SHARE_BOTH = 0.2  # of them, at most so many say the word besides
_MOST_READ = 1000  # records with the compound, to see whether they say the word besides
_MOST_TOKENS = 1000  # of a text


def rows_apart(session: CatalogReader, token: str, before: str = "") -> Int64Array:
    """Return the rows that have a word otherwise than as the end of a compound.

    Args:
        session: A reading transaction.
        token: The word.
        before: What was typed before it: whoever writes "t shirt" means the compound.

    Returns:
        The numbers of the rows, ascending; all with the word where there is no such compound, or
        where it is no other thing.
    """
    rows = session.words.rows_with([(token,)])
    forms = _forms(token) if len(rows) else ()
    known = session.words.known([x + one for x in ascii_lowercase if x != before for one in forms])
    letters = frozenset(one[0] for one in known)
    if not letters:
        return rows
    every = session.words.rows_with([(one,) for one in forms])
    within = session.words.rows_with([(x, one) for x in sorted(letters) for one in forms])
    compound, other = (
        np.unique(one >> text_rows.RECORD_SHIFT) for one in (within, every[~np.isin(every, within)])
    )
    unsure = compound[~np.isin(compound, other)][:_MOST_READ]
    parts = session.parts.of_records(unsure.tolist())
    again = [number for number in parts if _says(parts[number], forms, letters)]
    both = len(compound) - len(unsure) + len(again)
    is_other = len(other) >= max(_FEWEST, _SHARE_ALONE * len(compound))
    if not is_other or both > _SHARE_BOTH * len(compound):
        return rows
    is_again = np.isin(rows >> text_rows.RECORD_SHIFT, again)
    return np.asarray(rows[is_again | ~np.isin(rows, within)])


def _forms(token: str) -> tuple[str, ...]:
    """Return a word in the singular and the plural; none where it makes no compound."""
    if len(token) < _LEAST_LETTERS or not (token.isascii() and token.isalpha()):
        return ()
    singular = tokenizer.stem(token)
    return tuple(dict.fromkeys((token, singular, f"{singular}s")))


def _says(parts: Iterable[Part], forms: Collection[str], letters: Collection[str]) -> bool:
    """Tell whether texts have a word in any form behind none of some letters."""
    texts = (tokenizer.tokens_of(one.text, _MOST_TOKENS)[0] for one in parts if one.text)
    return any(
        one in forms and before not in letters
        for tokens in texts
        for before, one in zip(["", *tokens], tokens, strict=False)
    )
