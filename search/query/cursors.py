"""Where an answer ended, so that the next page can go on behind it.

A cursor is a signed name of a listing (``search.ranking.result_list``) and a place in it. It also
says what is needed to make the listing anew where it is gone: the change number it was made at,
and how deep it began.
"""

import json
from dataclasses import astuple, dataclass

from binocle.errors import CursorError
from binocle.media.kinds import KINDS
from binocle.types import Target
from search.query.signing import Signer

_PURPOSE = "cursor"
_DAMAGED = "the cursor is damaged, or of another collection; start again without one"


@dataclass(frozen=True, slots=True)
class Position:
    """How far an answer went.

    Attributes:
        listing: Names what was listed, in the process that listed it.
        place: How many rows of the listing were used up.
        last: Internal id of the last record shown.
        change: The collection's change number when the listing was made.
        target: Which parts were looked at, where the query left that open.
        depth: How deep the first rankings were.
        query: Digest of the query.
    """

    listing: str
    place: int
    last: int
    change: int
    target: Target
    depth: int
    query: str


def encode(position: Position, signer: Signer) -> str:
    """Return a position as an opaque signed string, safe in a URL."""
    text = json.dumps(astuple(position), separators=(",", ":"))
    return signer.sign(_PURPOSE, text.encode())


def decode(cursor: str, signer: Signer) -> Position:
    """Read a cursor.

    Raises:
        CursorError: It is none that this collection gave.
    """
    message = signer.verified(_PURPOSE, cursor)
    if message is None:
        raise CursorError(_DAMAGED)
    try:
        listing, place, last, change, target, depth, query = json.loads(message)
    except ValueError as error:  # signed, but by another version
        raise CursorError(_DAMAGED) from error
    if target not in (*KINDS, "any"):
        raise CursorError(_DAMAGED)
    return Position(listing, place, last, change, target, depth, query)
