"""What a backup holds of the home beside collections: aliases, saved searches, webhooks.

Putting it back brings what is not there, and never changes what is. Webhooks have secrets, so they
come and go as keys do, and only where that is asked for.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from api.container import Container
from api.saved_searches import SavedSearch
from api.service_state.opening import open_state
from api.service_state.state import Statements
from binocle.errors import BinocleError, StorageError

Row: TypeAlias = Mapping[str, Any]
_WEBHOOK = ("id", "url", "secret", "events", "collections", "owner", "created_at", "ended")


@dataclass(frozen=True, slots=True)
class HomeRows:
    """Rows of a home, as JSON has them.

    Attributes:
        aliases: ``name`` and ``collection``.
        searches: Saved searches: ``collection``, as it is called, ``name``, ``search`` and
            ``saved_at``.
        webhooks: As in the service's file, secrets included.
    """

    aliases: tuple[Row, ...] = ()
    searches: tuple[Row, ...] = ()
    webhooks: tuple[Row, ...] = ()

    def __post_init__(self) -> None:
        """Refuse rows that lack a member.

        Raises:
            ValueError: One does.
        """
        for rows, members in (
            (self.aliases, ("name", "collection")),
            (self.searches, ("collection", "name", "search", "saved_at")),
            (self.webhooks, _WEBHOOK),
        ):
            if not all(row.keys() >= set(members) for row in rows):
                raise ValueError("what it has of the home lacks a member")

    def merged(self, newer: "HomeRows", collections: Collection[str]) -> "HomeRows":
        """Return what a backup holds after another of some collections; the rest stays.

        Args:
            newer: What they have now; webhooks only where these were asked for.
            collections: Which.
        """
        named = {*collections, *(one["name"] for one in newer.aliases)}
        aliases = [
            one
            for one in self.aliases
            if one["collection"] not in collections and one["name"] not in named
        ]
        searches = [one for one in self.searches if one["collection"] not in named]
        return HomeRows(
            (*aliases, *newer.aliases),
            (*searches, *newer.searches),
            newer.webhooks or self.webhooks,
        )


def home_rows(container: Container, collections: Collection[str], *, webhooks: bool) -> HomeRows:
    """Return what a home has of some collections.

    Args:
        container: Has the home.
        collections: By their own names.
        webhooks: Whether to take all webhooks, too.

    Raises:
        StorageError: A file is damaged.
    """
    aliases = [one for one in container.aliases.all().values() if one.collection in collections]
    names = [*collections, *(one.name for one in aliases)]
    return HomeRows(
        tuple({"name": one.name, "collection": one.collection} for one in aliases),
        tuple(
            {"collection": name, **asdict(one)}
            for name in names
            for one in container.saved_searches.of(name)
        ),
        tuple(_webhooks(container)) if webhooks else (),
    )


def put_back(
    container: Container,
    rows: HomeRows,
    restored: Mapping[str, str],
    *,
    webhooks: bool,
    tell: Callable[[str], None],
) -> None:
    """Bring what a backup holds of collections that were put back; what is there stays.

    A collection that got another name brings its saved searches, and no aliases.

    Args:
        container: Has the home.
        rows: Of the backup.
        restored: The collections' names in the backup, each with what it is called now.
        webhooks: Whether to bring webhooks, too.
        tell: Told in a sentence what stays as it is.
    """
    for one in rows.aliases:
        if restored.get(one["collection"]) == one["collection"]:
            _put_alias(container, one, tell)
    names = {**restored, **{one["name"]: one["name"] for one in rows.aliases
                            if restored.get(one["collection"]) == one["collection"]}}  # fmt: skip
    for name, called in names.items():
        saved = [
            SavedSearch(one["name"], one["search"], one["saved_at"])
            for one in rows.searches
            if one["collection"] == name
        ]
        try:
            stayed = container.saved_searches.add_missing(called, saved)
        except BinocleError as error:
            tell(f"the saved searches of {called!r} are not put back: {error}")
        else:
            if stayed:
                tell(f"saved searches of {called!r} are there already and stay: {stayed}")
    if webhooks:
        try:
            _put_webhooks(container, rows.webhooks)
        except StorageError as error:
            tell(f"the webhooks are not put back: {error}")


def _put_alias(container: Container, row: Row, tell: Callable[[str], None]) -> None:
    name, collection = row["name"], row["collection"]
    try:
        container.own_path(name)  # refuses what could name none
        known = container.aliases.all().get(name)
        if known is None:
            container.aliases.put(name, collection)
        elif known.collection != collection:
            tell(f"the alias {name!r} stands for {known.collection!r} and stays")
    except BinocleError as error:
        tell(f"the alias {name!r} of {collection!r} is not put back: {error}")


def _webhooks(container: Container) -> Sequence[Row]:
    with closing(open_state(container.settings.home)) as state:
        if not state.exists():
            return []
        with state.using() as database:
            rows = database.execute(f"SELECT {', '.join(_WEBHOOK)} FROM webhooks").fetchall()  # noqa: S608
    return [dict(zip(_WEBHOOK, row, strict=True)) for row in rows]


def _put_webhooks(container: Container, rows: Sequence[Row]) -> None:
    if not rows:
        return
    settings = container.settings
    with closing(open_state(settings.home, settings.catalog)) as state, state.using() as database:
        for one in rows:
            _put_webhook(database, one)


def _put_webhook(database: Statements, row: Row) -> None:
    places = ", ".join("?" * len(_WEBHOOK))
    database.execute(
        f"INSERT INTO webhooks ({', '.join(_WEBHOOK)}) VALUES ({places}) ON CONFLICT DO NOTHING",  # noqa: S608
        [row[one] for one in _WEBHOOK],
    )
