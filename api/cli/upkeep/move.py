"""``binocle move``."""

import click

from api.cli.options import engine_options, open_container, shared
from api.terminal import say
from binocle.errors import UsageError


@click.command()
@click.argument("collection", metavar="COLLECTION", required=False)
@click.option("--catalog", metavar="ADDRESS", help="Of PostgreSQL, for records and metadata.")
@click.option("--vectors", metavar="ADDRESS", help="Of an engine that searches vectors.")
@click.option("--jobs", is_flag=True, help="Move the jobs and webhooks of services, too.")
@engine_options
@shared
def move(
    collection: str | None,
    catalog: str | None,
    vectors: str | None,
    jobs: bool,
    **engine: object,
) -> None:
    """Move a collection from files to PostgreSQL, or its vectors to an engine, while it serves.

    Searches go on. Who writes at the moment of the switch is refused, and asks again; index runs
    wait. Conversations and cursors end. What is moved goes from the files; a process that is killed
    leaves it where it was, or is finished by the same command.

    With --jobs, what services keep of jobs, webhooks and rates goes to the database of --catalog;
    none may run meanwhile.

    \b
    binocle move shop --catalog postgresql+psycopg://user@host/database
    binocle move --jobs --catalog postgresql+psycopg://user@host/database
    """
    from api.operations.upkeep.moving import move_collection, move_service

    if collection is None and not jobs:
        raise UsageError("name a collection, or say --jobs")
    if collection is not None and catalog is None and vectors is None:
        raise UsageError("say where to move it: --catalog ADDRESS, --vectors ADDRESS, or both")
    if jobs and catalog is None:
        raise UsageError("say where jobs and webhooks go: --catalog ADDRESS")
    container = open_container(**engine)
    if collection is not None:
        move_collection(container, collection, catalog=catalog, vectors=vectors, tell=say)
    if jobs and catalog is not None:
        say(move_service(container, catalog))
