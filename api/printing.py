"""What the commands print: tables on a terminal, plain lines elsewhere, JSON on request."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from textwrap import shorten

import click

from api.wiring import Workshop
from binocle.catalog import reading
from binocle.collection import Collection
from binocle.encoders import colour
from binocle.encoders.recommended import QUALITY_SOURCE, RECOMMENDED
from binocle.encoders.registry import DEFAULT_MODEL, MINI
from binocle.errors import StorageError
from binocle.types import KINDS, Hit
from search.answer import Answer

_SHOWN_CHARACTERS = 300
_TITLES = ("title", "name", "caption")


def hit_as_json(hit: Hit) -> dict[str, object]:
    """Return a hit as the JSON object both doors give."""
    return {
        "id": hit.record.id,
        "score": hit.score,
        "similarity": hit.similarity,
        "uri": hit.record.uri,
        "kind": hit.part.kind,
        "part": {"id": hit.part.id, "role": hit.part.role, "uri": hit.part.uri},
        "text": hit.part.text,
        "metadata": dict(hit.record.metadata),
    }


def answer_as_json(answer: Answer, collection: Collection) -> dict[str, object]:
    """Return an answer as the JSON object both doors give."""
    space = collection.space
    return {
        "hits": [hit_as_json(hit) for hit in answer.hits],
        "target": answer.target,
        "cursor": answer.cursor,
        "exact": answer.exact,
        "collection": collection.path.name,
        "model": space.name if space else None,
    }


def print_answer(answer: Answer, collection: Collection, *, as_json: bool) -> None:
    """Print hits."""
    if as_json:
        click.echo(json.dumps(answer_as_json(answer, collection), ensure_ascii=False))
        return
    if not answer.hits:
        click.echo("nothing matches", err=True)
        return
    rows = [(f"{hit.similarity:.3f}", hit.record.id, _found(hit)) for hit in answer.hits]
    _print_table(("similarity", "record", "found"), rows)
    space = collection.space
    if space and space.name == colour.NAME and not any(hit.similarity for hit in answer.hits):
        click.echo(
            "Note: the model 'colour' knows colours only, and none of these words; for meaning, "
            "index with another --model ('binocle models' lists good ones)",
            err=True,
        )


def _found(hit: Hit) -> str:
    """Return what a person recognises a hit by: its text, its title, or where its picture lies."""
    if hit.part.text:
        return shorten(hit.part.text, _SHOWN_CHARACTERS, placeholder="…")
    metadata = hit.record.metadata
    titled = next((metadata[name] for name in _TITLES if name in metadata), None)
    where = hit.part.uri
    return f"{shorten(str(titled), 100, placeholder='…')}  {where}" if titled else where


def print_info(collection: Collection, *, as_json: bool) -> None:
    """Print what a collection holds."""
    space = collection.space
    with collection.reading() as connection:
        counts = reading.count_parts(connection)
        records = reading.count_records(connection)
        sources = [
            {
                "name": source.name,
                "uri": source.uri,
                "kind": source.kind,
                **dict(
                    zip(
                        ("indexed", "skipped"),
                        reading.count_items(connection, source.id),
                        strict=True,
                    )
                ),
                "last_run": _run(reading.last_run(connection, source.id)),
            }
            for source in reading.all_sources(connection)
        ]
        fields = reading.field_counts(connection)
    facts = {
        "collection": collection.path.name,
        "path": str(collection.path),
        "bytes": collection.size_bytes(),
        "model": space.name if space else None,
        "dimension": space.dimension if space else None,
        "fingerprint": space.fingerprint if space else None,
        "records": records,
        "parts": counts,
        "indices": {kind: collection.index_of(kind).description for kind in KINDS if counts[kind]},
        "sources": sources,
        "fields": fields,
    }
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for name in ("collection", "path", "model", "dimension", "records"):
        click.echo(f"{name:<11}{facts[name]}")
    click.echo(f"{'size':<11}{_size(int(str(facts['bytes'])))}")
    for kind in KINDS:
        if counts[kind]:
            click.echo(f"{kind + 's':<11}{counts[kind]:,}, {collection.index_of(kind).description}")
    if fields:
        click.echo(f"{'fields':<11}{', '.join(fields)}")
    for line in sources:
        click.echo(
            f"{'source':<11}{line['uri']} ({line['kind']}): {line['indexed']:,} indexed, "
            f"{line['skipped']:,} skipped, {line['last_run']}"
        )


def print_collections(workshop: Workshop, *, as_json: bool) -> None:
    """Print all collections."""
    rows = []
    for name in workshop.collection_names():
        try:
            with workshop.open_collection(name) as collection:
                space = collection.space
                with collection.reading() as connection:
                    counts = reading.count_parts(connection)
        except StorageError as error:
            click.echo(f"Error: {name}: {error}", err=True)
            continue
        rows.append((name, counts["image"], counts["text"], space.name if space else ""))
    if as_json:
        named = [dict(zip(("name", "images", "texts", "model"), row, strict=True)) for row in rows]
        click.echo(json.dumps({"home": str(workshop.settings.home), "collections": named}))
    elif rows:
        _print_table(("collection", "images", "texts", "model"), rows)
    else:
        click.echo(f"no collections in {workshop.settings.home}", err=True)


def print_skipped(collection: Collection, *, as_json: bool) -> None:
    """Print the ledger's skipped items."""
    with collection.reading() as connection:
        lines = [
            {"source": source.uri, "file": item.key, "code": item.code, "reason": item.message}
            for source, item in reading.skipped_items(connection)
        ]
    if as_json:
        click.echo(json.dumps({"skipped": lines}, ensure_ascii=False))
    elif lines:
        rows = [(line["file"], line["code"], line["reason"]) for line in lines]
        _print_table(("file", "code", "reason"), rows)
    else:
        click.echo("nothing was skipped", err=True)


def print_models(*, as_json: bool) -> None:
    """Print recommended models."""
    if as_json:
        facts = {
            "default": DEFAULT_MODEL,
            "quality_source": QUALITY_SOURCE,
            "models": [asdict(one) for one in RECOMMENDED],
        }
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    rows: list[Sequence[object]] = [
        (MINI, 256, "none", "English", "Apache-2.0", "–", "–", "–", "comes along; to try things"),
        (colour.NAME, 443, "none", "colour words", "Apache-2.0", "–", "–", "–", "colours only"),
    ]
    rows += [
        (
            one.name,
            one.dimension,
            _size(one.download_bytes),
            one.languages,
            one.licence,
            one.recall_english or "–",
            one.recall_chinese or "–",
            one.recall_coco or "–",
            one.remark,
        )
        for one in RECOMMENDED
    ]
    header = (
        "model", "dims", "download", "languages", "licence", "en", "zh", "coco", "choose it for"
    )  # fmt: skip
    _print_table(header, rows, whole="model")
    click.echo(f"\nQuality: {QUALITY_SOURCE}.")
    click.echo(
        "Also: any open_clip NAME/PRETRAINED, NAME/CHECKPOINT-PATH, hf-hub:ORG/REPO, a folder."
    )


def _run(run: tuple[str, str | None] | None) -> str:
    if run is None:
        return "never run"
    started, finished = run
    return f"last run {finished}" if finished else f"run of {started} not finished"


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if size >= 10 or unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError


def _print_table(
    header: Sequence[str], rows: Iterable[Sequence[object]], *, whole: str = ""
) -> None:
    """Print rows; the column named ``whole`` is never broken, since people copy from it."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(" ".join(str(cell).split()) for cell in row))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for name in header:
        table.add_column(name, no_wrap=name == whole, overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    Console().print(table)
