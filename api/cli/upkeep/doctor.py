"""``binocle doctor``."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from api.cli.options import json_option, open_container, shared
from api.terminal import say

if TYPE_CHECKING:
    from api.container import Container
    from api.operations.doctor.examination import Diagnosis


@click.command()
@click.argument("collections", metavar="[COLLECTION]...", nargs=-1)
@click.option(
    "--quick", is_flag=True, help="Do not read pictures to hold them against their SHA-256."
)
@click.option(
    "--repair",
    "with_repair",
    is_flag=True,
    help="Mend what is safe to mend: says first what it will do, and asks.",
)
@click.option("--yes", is_flag=True, help="Do not ask before a repair.")
@click.option(
    "--gone",
    metavar="ID",
    help="Only show that nothing of a removed record is left in the one collection.",
)
@json_option
@shared
def doctor(
    collections: Sequence[str],
    quick: bool,
    with_repair: bool,
    yes: bool,
    gone: str | None,
    as_json: bool,
) -> None:
    """Examine collections, the home and the machine; nothing is changed without --repair.

    Without names all collections are examined. Prints a line for each finding, with what to do
    about it, and ends with 0 where all is sound and with 1 where something is damaged; facts that
    are no damage, such as pictures that have changed since they were indexed, are told too. A
    collection whose catalogue is in PostgreSQL is examined in a copy of it; one that cannot be
    reached is named as not examined.

    \b
    binocle doctor
    binocle doctor photos --repair
    binocle doctor photos --gone upload-17
    """  # fmt: skip
    container = open_container()
    found = _examined(container, collections, gone, quick=quick)
    if not as_json:
        _print(found, gone)
    repaired: list[dict[str, str | None]] | None = None
    if with_repair:
        repaired = _repaired(found, yes=yes, aside=as_json)
        found = _examined(container, collections, gone, quick=quick)
    is_sound = all(one.is_sound for one in found)
    if with_repair:
        what = "all that was examined" if _unexamined(found) else "all"
        end = f"{what} is sound now" if is_sound else "not all is sound; examine again"
        say(end, err=as_json)
    if as_json:
        say(json.dumps(_as_json(found, repaired), ensure_ascii=False))
    if not is_sound:
        sys.exit(1)


def _examined(
    container: "Container", names: Sequence[str], gone: str | None, *, quick: bool
) -> "list[Diagnosis]":
    from api.operations.doctor.examination import examine
    from api.operations.doctor.gone import examine_gone

    if gone is None:
        show = sys.stderr.isatty()
        return examine(
            container,
            names,
            with_contents=not quick,
            on_progress=lambda step: say(f"examining {step}", err=True) if show else None,
        )
    if len(names) != 1:
        raise click.UsageError("--gone looks into one collection; name it")
    return [examine_gone(container, names[0], gone)]


def _repaired(
    found: "Sequence[Diagnosis]", *, yes: bool, aside: bool
) -> list[dict[str, str | None]]:
    """Say what will be done, on standard error where ``aside``, ask, do it, and return it."""
    from api.operations.doctor.repair import WORDS, planned, repair

    plans = [(one, wanted) for one in found if (wanted := planned(one))]
    if not plans:
        say("there is nothing that could be repaired safely", err=aside)
        return []
    for diagnosis, wanted in plans:
        for one in wanted:
            say(f"{diagnosis.name or diagnosis.folder}: will {WORDS[one]}", err=aside)
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("--repair asks before it does this; add --yes to have it done")
        click.confirm("Do this?", abort=True, err=aside)
    for diagnosis, wanted in plans:
        repair(diagnosis, wanted)
    return [{"collection": plan.name, "repair": one} for plan, wanted in plans for one in wanted]


def _print(found: "Sequence[Diagnosis]", gone: str | None) -> None:
    for diagnosis in found:
        for one in diagnosis.findings:
            remedy = f" ({one.remedy})" if one.remedy else ""
            line = " ".join(f"{one.message}{remedy}".split())
            say(f"{diagnosis.name or 'home'}: {one.level}: {line}")
    if not all(one.is_sound for one in found):
        return
    if gone:
        say(f"nothing is left of {gone!r}")
        return
    left = _unexamined(found)
    names = [one.name for one in found if one.name and one.name not in left]
    if names or not left:
        say(f"sound: {', '.join(names) or 'there are no collections'}")
    if left:
        say(f"not examined: {', '.join(left)}")


def _unexamined(found: "Sequence[Diagnosis]") -> list[str]:
    return [one.name for one in found if one.name and not one.is_examined]


def _as_json(
    found: "Sequence[Diagnosis]", repaired: list[dict[str, str | None]] | None
) -> dict[str, object]:
    """Return what is wrong, after the repairs where there were any."""
    done = {} if repaired is None else {"repaired": repaired}
    return done | {
        "sound": all(one.is_sound for one in found),
        "unexamined": _unexamined(found),
        "findings": [
            {"collection": diagnosis.name, **asdict(one)}
            for diagnosis in found
            for one in diagnosis.findings
        ],
    }
