"""``binocle fields``, and the options of ``binocle index`` that declare types."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.options import PATH, collection_option, json_option, open_container, options, shared
from api.terminal import say
from binocle.errors import UsageError

if TYPE_CHECKING:
    from binocle.metadata.field_types import FieldType

_MAX_EXAMPLE = 24


# Types of metadata fields; ``read_schema`` reads what they give.
schema_options = options(
    click.option("--schema", "schema_file", type=PATH, metavar="FILE",
                 help='Types of fields as JSON, such as {"price": "number"}.'),
    click.option("--field", "typed_fields", multiple=True, metavar="NAME:TYPE",
                 help="A metadata field's type: number, boolean, date, keyword, anycase (a keyword "
                 "whatever its capitals), text, keywords or geo; may be repeated."),
)  # fmt: skip


def read_schema(file: Path | None, pairs: Sequence[str]) -> "dict[str, FieldType]":
    """Return the types a schema file and ``NAME:TYPE`` options declare; options count more.

    Raises:
        UsageError: The file cannot be read, or a type is unknown.
    """
    from binocle.metadata.field_types import check_schema

    declared: dict[str, str] = {}
    if file is not None:
        try:
            document = json.loads(file.expanduser().read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise UsageError(f"cannot read the schema {file} ({error})") from error
        if not isinstance(document, dict) or not all(
            isinstance(kind, str) for kind in document.values()
        ):
            raise UsageError(f'the schema {file} is no JSON object such as {{"price": "number"}}')
        declared.update(document)
    for pair in pairs:
        name, colon, kind = pair.rpartition(":")
        if not colon:
            raise UsageError(f"--field takes NAME:TYPE, such as price:number, not {pair!r}")
        declared[name] = kind
    return check_schema(declared)


@click.command()
@collection_option
@schema_options
@json_option
@shared
def fields(
    collection: str, schema_file: Path | None, typed_fields: Sequence[str], *, as_json: bool
) -> None:
    """List metadata fields: type, how many records have them, examples. Or declare types.

    \b
    binocle fields -c shop
    binocle fields -c shop --field price:number --field tags:keywords --field spot:geo
    """
    declared = read_schema(schema_file, typed_fields)
    with open_container().open_collection(collection) as opened:
        if declared:
            opened.declare(declared)
        found = opened.fields()
    if as_json:
        lines = [{**asdict(one), "examples": list(one.examples)} for one in found]
        say(json.dumps({"collection": collection, "fields": lines}, ensure_ascii=False))
        return
    if not found:
        say("no record has metadata", err=True)
        return
    from api.cli.output.tables import print_table

    rows = [
        (
            one.name,
            one.type + (" (declared)" if one.declared else ""),
            f"{one.records:,}",
            ", ".join(_short(str(value)) for value in one.examples),
        )
        for one in found
    ]
    print_table(("field", "type", "records", "examples"), rows, whole="field")


def _short(text: str) -> str:
    return text if len(text) <= _MAX_EXAMPLE else text[: _MAX_EXAMPLE - 1] + "…"
