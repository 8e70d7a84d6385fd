"""Where a search goes on that an alias's collection answered before the alias was switched."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

from api.aliases import AliasError
from api.container import Container
from api.http.mapping.queries import SearchRequest
from binocle.collection.collection import Collection
from binocle.errors import CursorError, NotFoundError, StaleCursorError


def listing_mark(name: str) -> str:
    """Return what tells a collection from others in cursors, and nobody what it is called."""
    return hashlib.sha256(f"listing of {name}".encode()).hexdigest()[:16]


class EarlierAnswers:
    """Finds the collections that cursors and turns are of."""

    def __init__(
        self, container: Container, opened: Callable[[str], Awaitable[Collection]]
    ) -> None:
        """Set up.

        Args:
            container: Has the aliases, and the searchers.
            opened: Returns an open collection.
        """
        self._container, self._opened = container, opened

    async def began_in(self, collection: Collection, request: SearchRequest) -> Collection:
        """Return the collection in which the earlier search began that a request goes on from.

        Args:
            collection: What the request names now; returned where no other one has begun it.
            request: The request.
        """
        alias = self._container.aliases.known().get(request.collection)
        earlier = request.earlier
        if alias is None or not alias.before or earlier is None:
            return collection
        for name in (None, *alias.before):
            try:
                opened = await self._opened(name) if name else collection
            except (NotFoundError, AliasError):  # it was removed, or has become an alias
                continue
            if await asyncio.to_thread(self._container.searcher(opened).gave, earlier):
                return opened
        return collection

    async def listed_in(self, collection: Collection, name: str, mark: str) -> Collection:
        """Return the collection whose records a listing goes on with.

        Args:
            collection: What the request names now.
            name: How it is named.
            mark: Of the one where the listing began.

        Raises:
            CursorError: That one never went by this name.
            StaleCursorError: It was removed.
        """
        if mark == listing_mark(collection.path.name):
            return collection
        alias = self._container.aliases.known().get(name)
        before = {listing_mark(one): one for one in alias.before} if alias else {}
        if mark not in before:
            raise CursorError("the cursor is of another collection; start again without one")
        try:
            return await self._opened(before[mark])
        except (NotFoundError, AliasError) as error:
            detail = "the cursor is stale: its collection was removed; start again without one"
            raise StaleCursorError(detail) from error
