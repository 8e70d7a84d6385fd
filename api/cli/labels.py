"""``binocle label``, ``binocle match`` and ``binocle caption``."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.options import (
    PATH,
    collection_option,
    engine_options,
    json_option,
    limit_option,
    open_container,
    shared,
    templates_option,
    where_option,
)
from api.cli.output.errors import end_with_errors
from api.operations.plurals import counted
from api.terminal import say
from binocle.errors import PictureError, QueryError, SourceError, UsageError

if TYPE_CHECKING:
    from api.operations.labels import LabelTally
    from binocle.encoders.base import Encoder
    from binocle.types import Float32Array, Limits


@click.command()
@click.argument("pictures", metavar="[PICTURE]...", nargs=-1, type=PATH)
@click.option("--labels", metavar="A,B,...", help="The labels, with commas between them.")
@click.option("--labels-file", metavar="FILE", type=PATH, help="The labels, one a line.")
@templates_option("Such")
@collection_option
@where_option()
@click.option(
    "--write", "field", metavar="FIELD", help="Store each record's label in this metadata field."
)
@click.option("--force", is_flag=True, help="Never say none of these.")
@limit_option(3, 1000, "labels to show for each")
@engine_options
@json_option
@shared
def label(
    pictures: Sequence[Path],
    labels: str | None,
    labels_file: Path | None,
    templates: Sequence[str],
    collection: str,
    where: str | None,
    field: str | None,
    force: bool,
    limit: int,
    as_json: bool,
    **engine: Any,
) -> None:
    """Give the records of a collection, or PICTUREs, the most likely of your labels.

    Each gets the probabilities of the labels, and of none of them. Nothing is decoded again.

    \b
    binocle label --labels "dog, cat, car" -c photos
    binocle label --labels-file rooms.txt --write room -c photos
    binocle label --labels "dog, cat" beach.jpg
    """
    from api.operations.labels import LabelRequest, label_records, labelling_as_json
    from search.labels.zero_shot import TEMPLATES
    from search.query.filter_language import parse_where
    from search.query.spellings import checked_filter

    names = _names(labels, labels_file)
    if pictures and (field or where):
        raise UsageError("--write and --where are for records; leave out the pictures")
    container = open_container(**engine)
    with container.open_collection(collection) as opened:
        labeller = container.labeller(opened)
        if field is not None:
            labeller.check_field(field)
        label_set = labeller.label_set(names, tuple(templates) or TEMPLATES)
        if not pictures:
            parsed = checked_filter(opened, parse_where(where) if where else None)
            tally = label_records(
                labeller, label_set, LabelRequest(parsed, limit, force, write_to=field)
            )
            _print(tally, as_json=as_json)
            return
        shown: list[dict[str, Any]] = []
        for path in pictures:
            try:
                row = _embedded(container.encoder_of(opened), path, container.settings.limits)
            except (PictureError, QueryError) as error:
                if len(pictures) == 1:
                    raise
                shown.append({"id": str(path), "error": str(error)})
            else:
                (labelling,) = label_set.label(row, limit=limit, force=force)
                shown.append(labelling_as_json(str(path), labelling))
    if as_json:
        say(json.dumps({"items": shown}, ensure_ascii=False))
    else:
        _print_items(shown)
    end_with_errors([one["error"] for one in shown if "error" in one])


@click.command()
@click.argument("text")
@click.argument("picture", type=PATH)
@click.option(
    "-c", "--collection", metavar="NAME",
    help="In the space of this collection, and how relevant it would be there.",
)  # fmt: skip
@click.option("--model", metavar="MODEL", help="Without a collection; see 'binocle models'.")
@engine_options
@json_option
@shared
def match(
    text: str,
    picture: Path,
    collection: str | None,
    model: str | None,
    as_json: bool,
    **engine: Any,
) -> None:
    """Tell how well TEXT and PICTURE go together.

    \b
    binocle match "a dog at the lake" beach.jpg
    binocle match "a dog at the lake" beach.jpg -c photos
    """
    from search.labels.labeller import TextMatcher, check_text

    if collection is not None and model is not None:
        raise UsageError("a collection has a model of its own; give -c or --model, not both")
    check_text(text)
    container = open_container(model=model, **engine)
    limits = container.settings.limits
    if collection is None:
        encoder = container.encoder(container.default_model)
        row = _embedded(encoder, picture, limits)[0]
        found = TextMatcher(encoder).match(text, row)
    else:
        with container.open_collection(collection) as opened:
            row = _embedded(container.encoder_of(opened), picture, limits)[0]
            found = container.labeller(opened).match(text, row)
    facts = {
        "text": text,
        "picture": str(picture),
        "similarity": found.similarity,
        "probability": found.probability,
        "relevance": found.relevance,
    }
    if as_json:
        say(json.dumps(facts, ensure_ascii=False))
        return
    shown = ("similarity", "probability", "relevance")
    for name in shown if collection is not None else shown[:2]:
        value = facts[name]
        say(f"{name:<12}{'not calibrated' if value is None else f'{value:.3f}'}")


@click.command()
@click.argument("picture", type=PATH)
@collection_option
@limit_option(5, 10_000, "captions")
@where_option()
@engine_options
@json_option
@shared
def caption(
    picture: Path, collection: str, limit: int, where: str | None, as_json: bool, **engine: Any
) -> None:
    """Find the captions for PICTURE among the texts of a collection, best first."""
    from api.cli.output.answers import print_answer
    from binocle.media.kinds import TEXT
    from search.labels.labeller import check_texts
    from search.query.filter_language import parse_where
    from search.query.query import Query, Term

    parsed = parse_where(where) if where else None
    query = Query((Term(image=picture),), TEXT, parsed, limit, mode="semantic", rules="none")
    container = open_container(**engine)
    with container.open_collection(collection) as opened:
        answer = container.searcher(opened).search(query)
        if not answer.hits:
            check_texts(opened)
        print_answer(answer, opened, query, as_json=as_json)


def _names(labels: str | None, labels_file: Path | None) -> list[str]:
    if (labels is None) == (labels_file is None):
        raise UsageError('name the labels with --labels "A, B" or --labels-file FILE')
    if labels is not None:
        return labels.split(",")
    assert labels_file is not None
    try:
        return labels_file.expanduser().read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"cannot read the labels in {labels_file} ({error})") from error


def _embedded(encoder: "Encoder", path: Path, limits: "Limits") -> "Float32Array":
    """Return a picture's row, ``(1, d)``."""
    from binocle.files import read_regular
    from binocle.media import images

    try:
        data = read_regular(path.expanduser(), limits.max_bytes)
        picture = images.load(data, encoder.image_spec, limits)
    except OSError as error:
        raise QueryError(f"cannot read the picture {path} ({error.strerror})") from error
    except PictureError as error:
        raise type(error)(f"{path}: {error}") from error
    return encoder.encode_images(picture.pixels[None])


def _print(tally: "LabelTally", *, as_json: bool) -> None:
    if as_json:
        say(json.dumps(tally.as_json(), ensure_ascii=False))
        return
    _print_items(tally.items)
    for name, count in tally.by_count():
        say(f"{count:>8,}  {name or 'none of these'}", err=True)
    if tally.written is not None:
        say(f"{counted(tally.written, 'record')} changed", err=True)


def _print_items(items: Sequence[dict[str, Any]]) -> None:
    from api.cli.output.tables import print_table

    if items and all("error" in one for one in items):  # the errors say it all
        return
    rows = [
        (one["id"], "error", "", "")
        if "error" in one
        else (
            one["id"],
            one["label"] or "-",
            "  ".join(f"{each['label']} {each['probability']:.2f}" for each in one["labels"]),
            f"{one['none']:.2f}",
        )
        for one in items
    ]
    print_table(("record", "label", "probabilities", "none of these"), rows, whole="record")
