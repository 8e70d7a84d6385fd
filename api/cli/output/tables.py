"""What commands print that describe: tables on a terminal, plain lines elsewhere, JSON."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from api.container import Container
from api.operations.plurals import in_bytes
from api.terminal import say, without_controls
from binocle.catalog.base import CatalogReader
from binocle.collection.collection import Collection
from binocle.encoders import colour
from binocle.encoders.model_list import QUALITY_SOURCE, RECOMMENDED
from binocle.encoders.names import DEFAULT_MODEL, MINI
from binocle.errors import StorageError
from binocle.media.kinds import IMAGE, KINDS, TEXT


def print_info(collection: Collection, *, as_json: bool) -> None:
    """Print what a collection holds."""
    space = collection.space
    with collection.reading() as session:
        counts = session.parts.count()
        records = session.records.count()
        sources = _sources(session)
        fields = session.fields.counts()
    snapshot = collection.snapshot([kind for kind in KINDS if counts[kind]])
    indices = {kind: snapshot.vectors(kind).description for kind in KINDS if counts[kind]}
    facts = {
        "collection": collection.path.name,
        "path": str(collection.path),
        "bytes": collection.size_bytes(),
        "model": space.name if space else None,
        "dimension": space.dimension if space else None,
        "fingerprint": space.fingerprint if space else None,
        "records": records,
        "parts": counts,
        "indices": indices,
        "sources": sources,
        "fields": fields,
    }
    if as_json:
        say(json.dumps(facts, ensure_ascii=False))
        return
    for name in ("collection", "path", "model", "dimension", "records"):
        say(f"{name:<11}{facts[name]}")
    say(f"{'size':<11}{in_bytes(int(str(facts['bytes'])))}")
    for kind, description in indices.items():
        say(f"{kind + 's':<11}{counts[kind]:,}, {description}")
    if fields:
        say(f"{'fields':<11}{', '.join(fields)}")
    for line in sources:
        say(
            f"{'source':<11}{line['uri']} ({line['kind']}): {line['indexed']:,} indexed, "
            f"{line['skipped']:,} skipped, {line['last_run']}"
        )


def print_collections(container: Container, *, as_json: bool) -> None:
    """Print all collections."""
    rows = []
    for name in container.collection_names():
        try:
            with container.open_collection(name) as collection:
                space = collection.space
                with collection.reading() as session:
                    counts = session.parts.count()
        except StorageError as error:
            say(f"Error: {name}: {error}", err=True)
            continue
        rows.append((name, counts[IMAGE], counts[TEXT], space.name if space else ""))
    if as_json:
        named = [dict(zip(("name", "images", "texts", "model"), row, strict=True)) for row in rows]
        say(json.dumps({"home": str(container.settings.home), "collections": named}))
    elif rows:
        print_table(("collection", "images", "texts", "model"), rows)
    else:
        say(f"no collections in {container.settings.home}", err=True)


def print_skipped(collection: Collection, *, as_json: bool) -> None:
    """Print the ledger's skipped items."""
    with collection.reading() as session:
        lines = [
            {"source": source.uri, "file": item.key, "code": item.code, "reason": item.message}
            for source, item in session.sources.skipped_items()
        ]
    if as_json:
        say(json.dumps({"skipped": lines}, ensure_ascii=False))
    elif lines:
        rows = [(line["file"], line["code"], line["reason"]) for line in lines]
        print_table(("file", "code", "reason"), rows)
    else:
        say("nothing was skipped", err=True)


def print_models(*, as_json: bool) -> None:
    """Print recommended models."""
    if as_json:
        facts = {
            "default": DEFAULT_MODEL,
            "quality_source": QUALITY_SOURCE,
            "models": [asdict(one) for one in RECOMMENDED],
        }
        say(json.dumps(facts, ensure_ascii=False))
        return
    rows: list[Sequence[object]] = [
        (MINI, 256, "none", "English", "Apache-2.0", "–", "–", "–", "comes along; to try things"),
        (colour.NAME, 443, "none", "colour words", "Apache-2.0", "–", "–", "–", "colours only"),
    ]
    rows += [
        (
            one.name,
            one.dimension,
            in_bytes(one.download_bytes),
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
    print_table(header, rows, whole="model")
    say(f"\nQuality: {QUALITY_SOURCE}.")
    say("Also: any open_clip NAME/PRETRAINED, NAME/CHECKPOINT-PATH, hf-hub:ORG/REPO, a folder.")


def _sources(session: CatalogReader) -> list[dict[str, str | int]]:
    return [
        {
            "name": one.source.name,
            "uri": one.source.uri,
            "kind": one.source.kind,
            "indexed": one.indexed,
            "skipped": one.skipped,
            "last_run": _run(one.last_run),
        }
        for one in session.sources.statuses()
    ]


def _run(run: tuple[str, str | None] | None) -> str:
    if run is None:
        return "never run"
    started, finished = run
    return f"last run {finished}" if finished else f"run of {started} not finished"


def print_table(
    header: Sequence[str], rows: Iterable[Sequence[object]], *, whole: str = ""
) -> None:
    """Print rows; the column named ``whole`` is never broken, since people copy from it."""
    if sys.stdout.isatty():
        print_rich_table(header, rows, whole=whole)
        return
    for row in rows:
        say("\t".join(" ".join(str(cell).split()) for cell in row))


def print_rich_table(
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    whole: str = "",
    are_figures: bool = False,
) -> None:
    """Print rows for a person; figures are all but the first column, and stand on the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for number, name in enumerate(header):
        table.add_column(
            Text(name),
            no_wrap=name == whole,
            overflow="fold",
            justify="right" if are_figures and number else "left",
        )
    for row in rows:
        table.add_row(*(Text(without_controls(str(cell))) for cell in row))
    Console().print(table)
