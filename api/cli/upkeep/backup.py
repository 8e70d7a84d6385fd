"""``binocle backup`` and ``binocle restore``."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from api.cli.options import PATH, json_option, open_container, shared
from api.terminal import say


@click.command()
@click.argument("collections", metavar="COLLECTION...", nargs=-1)
@click.argument("to", metavar="TO", type=PATH)
@click.option("--all", "everything", is_flag=True, help="Back all collections up.")
@click.option(
    "--keys",
    "with_keys",
    is_flag=True,
    help="With the service's API keys (hashes) and webhooks (with secrets).",
)
@click.option(
    "--indices",
    "with_indices",
    is_flag=True,
    help="With saved indices, so that the first search after a restore need not make them.",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Read all files of an earlier backup in TO, and write damaged ones anew.",
)
@json_option
@shared
def backup(
    collections: Sequence[str],
    to: Path,
    everything: bool,
    with_keys: bool,
    with_indices: bool,
    verify: bool,
    as_json: bool,
) -> None:
    """Back collections up while they are in use: catalogues, uploads, aliases, saved searches.

    TO is a folder, to which a repeated backup copies only what is new, or an archive NAME.tar.zst,
    which is written whole. A backup that is interrupted leaves the one before as it was. Pictures
    of folders and archives you indexed are not in it: back those up as you do anyway.

    \b
    binocle backup photos /mnt/backup
    binocle backup --all --keys /mnt/backup/binocle.tar.zst
    """
    from api.operations.backup.backing_up import back_up
    from api.operations.plurals import counted

    if bool(collections) == everything:
        raise click.UsageError("name collections and where to: COLLECTION... TO, or --all TO")
    report = back_up(
        open_container(),
        collections,
        to,
        with_keys=with_keys,
        with_indices=with_indices,
        verify=verify,
    )
    if report.mended:
        mended = counted(report.mended, "file")
        say(f"Warning: {mended} of {to} were damaged, and are written anew", err=True)
    for problem in report.problems:
        say(f"Error: {problem}", err=True)
    if as_json:
        say(json.dumps({"to": str(to), **asdict(report)}))
    else:
        say(
            f"backed up {', '.join(report.collections)} to {to}: "
            f"{counted(report.files, 'file')}, {report.copied:,} of them new "
            f"({report.copied_bytes / 1e6:,.1f} MB)"
        )
    if report.problems:
        sys.exit(1)


@click.command()
@click.argument("source", metavar="FROM", type=PATH)
@click.argument("collections", metavar="[COLLECTION]...", nargs=-1)
@click.option("--as", "new_name", metavar="NAME", help="Another name for the one collection.")
@click.option(
    "--keys", "with_keys", is_flag=True, help="With the API keys and webhooks that the backup has."
)
@click.option("--check", "only_check", is_flag=True, help="Only read the backup and check it.")
@json_option
@shared
def restore(
    source: Path,
    collections: Sequence[str],
    new_name: str | None,
    with_keys: bool,
    only_check: bool,
    as_json: bool,
) -> None:
    """Put collections of a backup back; FROM is what 'binocle backup' wrote.

    Without names all of them come back, with their aliases and saved searches; of these, what is
    there stays as it is. Every file is held against its SHA-256, nothing is written
    over, and a collection is there whole or not at all. Indices that the backup lacks are made at
    the first search.

    \b
    binocle restore /mnt/backup
    binocle restore /mnt/backup photos --as photos-of-monday
    """
    from api.operations.backup.restoring import check_backup, restore
    from api.operations.plurals import counted

    if only_check:
        manifest, wrong = check_backup(source)
        names = list(manifest.collections)
        if as_json:
            say(json.dumps({"collections": names, "problems": wrong}))
        for problem in wrong:
            say(f"Error: {problem}", err=True)
        if wrong:
            remedy = "'binocle backup --verify' into the same folder writes anew what is damaged"
            say(f"{remedy} and the collections still have", err=True)
            sys.exit(1)
        if not as_json:
            say(f"{source} is whole and sound; it has: {', '.join(names)}")
        return
    found = restore(
        open_container(), source, collections, new_name=new_name, with_keys=with_keys, tell=_note
    )
    for one in found:
        for uri in one.missing:
            say(f"Warning: {one.name}: the backup lacks {uri}, which was lost", err=True)
    if as_json:
        say(json.dumps({"restored": [asdict(one) for one in found]}))
        return
    for one in found:
        say(f"restored {one.name} as of {one.made_at}: {counted(one.records, 'record')}")


def _note(note: str) -> None:
    say(f"Note: {note}", err=True)
