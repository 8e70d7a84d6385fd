"""Where an answer ended, so that the next page can go on behind it.

A cursor holds how many hits were given, the newest part at the time of the first page, and a
digest of the query. Parts that came later are left out of later pages, so nothing that is added
meanwhile moves a hit from one page to another.
"""

import base64
import hashlib
import json
from dataclasses import astuple, dataclass
from typing import get_args

from binocle.errors import CursorError
from search.query import Target


@dataclass(frozen=True, slots=True)
class Position:
    """How far an answer went.

    Attributes:
        given: Hits on the pages so far.
        newest_part: The largest part id that belongs to the answer.
        target: Which parts were looked at, where the query left that open.
        depth: Of the first band, where rankings are fused.
        query: Digest of the query.
    """

    given: int
    newest_part: int
    target: Target
    depth: int
    query: str


def encode(position: Position) -> str:
    """Return a position as an opaque string, safe in a URL."""
    text = json.dumps(astuple(position))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str) -> Position:
    """Read a cursor.

    Raises:
        CursorError: It is damaged.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        given, newest, target, depth, query = json.loads(base64.urlsafe_b64decode(padded.encode()))
        position = Position(int(given), int(newest), target, int(depth), str(query))
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise CursorError("the cursor is damaged; start again without one") from error
    sizes = (position.given, position.newest_part, position.depth - 1)
    if min(sizes) < 0 or max(sizes) > 2**62 or target not in get_args(Target):
        raise CursorError("the cursor is damaged; start again without one")
    return position


def digest(*parts: object) -> str:
    """Return a short digest of what makes up a query."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()
