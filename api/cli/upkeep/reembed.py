"""``binocle reembed``."""

import json
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from api.cli.options import engine_options, json_option, open_container, shared
from api.terminal import say

if TYPE_CHECKING:
    from binocle.types import Space
    from indexer.model_comparison import ModelComparison
    from indexer.reembedding import CostEstimate

_LINE_EVERY_S = 5.0


@click.command()
@click.argument("collection", metavar="COLLECTION")
@click.option(
    "--model", required=True, metavar="MODEL", help="The other model; see 'binocle models'."
)
@click.option("--estimate", "only_estimate", is_flag=True, help="Only say what it would cost.")
@click.option(
    "--again", is_flag=True,
    help="Also with the model it has, for texts that an earlier one of this name could not read.",
)  # fmt: skip
@click.option(
    "--yes", is_flag=True, help="Do not ask, neither before it begins nor before it switches."
)
@engine_options
@json_option
@shared
def reembed(
    collection: str,
    model: str,
    only_estimate: bool,
    again: bool,
    yes: bool,
    as_json: bool,
    **engine: object,
) -> None:
    """Embed a collection anew with another model, beside service, and switch to it at once.

    Says first what it will cost, and asks. Searches and uploads go on meanwhile, in the vectors
    there are. When all is embedded, both models are compared on the collection's own queries, and
    you are asked again; saying no leaves everything as it was, and so does Ctrl-C at any time.

    \b
    binocle reembed photos --model ViT-B-16-SigLIP2/webli
    """
    from binocle.encoders.names import canonical_name
    from indexer.reembedding import reembedding

    container = open_container(**engine)
    settings = container.settings
    with container.open_collection(collection) as opened:
        encoder, space = container.encoder(canonical_name(model)), opened.space
        _check(space, encoder.space, collection, again=again)
        assert space is not None
        with reembedding(
            opened, encoder, limits=settings.limits, workers=settings.workers
        ) as running:
            estimate = running.estimate()
            if only_estimate and as_json:
                say(json.dumps(asdict(estimate)))
            else:
                say(_cost(estimate, encoder.space.name), err=as_json)
            if only_estimate:
                return
            _ask("Begin?", yes=yes)
            running.embed(_ProgressLines())
            comparison = running.compare(container.encoder_of(opened))
            say(_told(comparison, space.name, encoder.space.name), err=as_json)
            _ask("Switch to the new model?", yes=yes)
            running.switch()
    if as_json:
        facts = {"collection": collection, "model": encoder.space.name}
        say(json.dumps({**facts, **asdict(estimate), **asdict(comparison)}))
    else:
        say(f"{collection} is embedded with {encoder.space.name} now")


def _check(space: "Space | None", other: "Space", collection: str, *, again: bool) -> None:
    from binocle.errors import UsageError

    if space is None:
        raise UsageError(f"the collection {collection!r} has no vectors yet")
    if space.fingerprint == other.fingerprint and not again:
        raise UsageError(
            f"the collection {collection!r} is embedded with {space.name} already; --again "
            "embeds it anew"
        )


def _ask(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("it asks before it goes on; add --yes to have it done")
    click.confirm(question, abort=True)


def _cost(estimate: "CostEstimate", model: str) -> str:
    minutes = (
        f"{estimate.seconds / 60:,.0f} min"
        if estimate.seconds > 90
        else (f"{estimate.seconds:,.0f} s")
    )
    return (
        f"{estimate.pictures:,} pictures and {estimate.texts:,} texts with {model} on "
        f"{estimate.runs_on}: about {minutes}, and {estimate.disk_bytes / 1e6:,.0f} MB of disk "
        "until it is done"
    )


def _told(comparison: "ModelComparison", old: str, new: str) -> str:
    lines = [f"compared on the collection's own queries, {old} and then {new}:"]
    if comparison.pairs:
        for what, (before, after) in (
            ("first", comparison.own_first), ("in the first ten", comparison.own_in_ten),
        ):  # fmt: skip
            lines.append(
                f"  own picture {what}, of {comparison.pairs:,} texts: {before:.1%}, {after:.1%}"
            )
    lines.append(
        f"  of the first ten of {comparison.queries:,} queries both have {comparison.shared:.1%}"
    )
    return "\n".join(lines)


class _ProgressLines:
    """A line every few seconds."""

    def __init__(self) -> None:
        self._started = self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last >= _LINE_EVERY_S:
            self._last = now
            left = (now - self._started) / done * (total - done)
            say(f"{done:,} of {total:,}, {left:,.0f} s left", err=True)
