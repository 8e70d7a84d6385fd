"""Colour words that are part of a name: a shoe by Red Tape is not red.

A word behind a colour at the beginning of titles makes a name with it where it seldom stands
elsewhere, and most of what has it says another colour instead, as "Red Tape Men Brown Shoes" does.
"Red Onion" is none: no red onion is called brown.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from binocle.catalog import text_rows, tokenizer
from binocle.catalog.base import CatalogReader
from binocle.types import Int64Array, Part
from search.query.negation.grammars import COLOURS

_LOOKED_AT = 400  # titles that begin with the colour
_FEWEST = 3  # of them have the name
_OF_NAME = 0.8  # of the records with its second word have the whole name
_OTHERWISE_COLOURED = 0.5  # of the records with the name say another colour
_MOST_TOKENS = 1000  # of a text
_MOST_READ = 5000  # records with a name, to see whether they say the colour again


def rows_of_colour(session: CatalogReader, token: str) -> tuple[Int64Array, frozenset[str]]:
    """Return the rows that say a colour otherwise than in a name.

    Args:
        session: A reading transaction.
        token: The colour.

    Returns:
        The numbers of the rows, ascending, and the words that make names with it. All rows where
        there is no name, or nothing else has the colour.
    """
    rows = session.words.rows_with([(token,)])
    names = _names(session, token)
    if not names:
        return rows, frozenset()
    in_names = session.words.rows_with([(token, one) for one in sorted(names)])
    is_brand = rows >> text_rows.POSITION_SHIFT & text_rows.NO_PART == text_rows.BRAND
    said = rows[~np.isin(rows, in_names) & ~is_brand]
    owners = np.unique(in_names >> text_rows.RECORD_SHIFT)
    unsure = owners[~np.isin(owners, said >> text_rows.RECORD_SHIFT)][:_MOST_READ]
    parts = session.parts.of_records(unsure.tolist())
    again = [number for number in parts if _says(parts[number], token, names)]
    said = np.union1d(said, rows[np.isin(rows >> text_rows.RECORD_SHIFT, again)])
    return (said, names) if len(said) else (rows, frozenset())


def _names(session: CatalogReader, token: str) -> frozenset[str]:
    """Return the words that make names with a colour."""
    rows = session.words.rows_opening_with(token)
    is_title = rows >> text_rows.GROUP_SHIFT & (text_rows.GROUPS - 1) == text_rows.TITLE
    owners = np.unique(rows[is_title] >> text_rows.RECORD_SHIFT)
    owners = owners[:: max(1, len(owners) // _LOOKED_AT)][:_LOOKED_AT]
    parts = session.parts.of_records(owners.tolist())
    followers = Counter(one for own in parts.values() for one in set(_behind(own, token)))
    seen = [one for one, count in followers.items() if count >= _FEWEST and one.isalpha()]
    return frozenset(
        one
        for one in seen
        if one not in COLOURS
        and _is_mostly_behind(session, token, one)
        and _is_coloured_otherwise(parts, token, one)
    )


def _is_mostly_behind(session: CatalogReader, token: str, follower: str) -> bool:
    together, every = (
        len(np.unique(session.words.rows_with([phrase]) >> text_rows.RECORD_SHIFT))
        for phrase in ((token, follower), (follower,))
    )
    return together >= _OF_NAME * every


def _is_coloured_otherwise(
    parts: Mapping[int, tuple[Part, ...]], token: str, follower: str
) -> bool:
    others = COLOURS - {token}
    named = [own for own in parts.values() if follower in _behind(own, token)]
    coloured = sum(
        any(not others.isdisjoint(one) for one in _tokens(own))
        and not _says(own, token, frozenset((follower,)))
        for own in named
    )
    return coloured >= _OTHERWISE_COLOURED * len(named)


def _says(parts: Iterable[Part], token: str, names: frozenset[str]) -> bool:
    """Tell whether texts have a colour that no word of a name follows."""
    return any(
        one == token and next_one not in names
        for tokens in _tokens(parts)
        for one, next_one in zip(tokens, [*tokens[1:], ""], strict=True)
    )


def _behind(parts: Iterable[Part], token: str) -> list[str]:
    """Return what follows a colour that texts begin with."""
    return [tokens[1] for tokens in _tokens(parts) if len(tokens) > 1 and tokens[0] == token]


def _tokens(parts: Iterable[Part]) -> list[list[str]]:
    return [tokenizer.tokens_of(one.text, _MOST_TOKENS)[0] for one in parts if one.text]
