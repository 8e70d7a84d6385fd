"""``binocle lookup`` and ``binocle duplicates``: their options, and what they do."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
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
)
from api.cli.output.errors import end_with_errors
from api.operations.plurals import counted, of_copies

if TYPE_CHECKING:
    from indexer.sources.base import Candidate
    from search.copies.duplicates import Duplicates
    from search.copies.lookup import Lookup, LookupAnswer

_NAMED = 5  # of the files of a folder that are no pictures; a line holds no more


@click.command()
@click.argument("pictures", metavar="PICTURE...", nargs=-1, required=True, type=PATH)
@collection_option
@limit_option(10, 100, "candidates for each picture")
@click.option("--copies-only", is_flag=True, help="Do not look for what is merely similar.")
@engine_options
@json_option
@shared
def lookup(
    pictures: Sequence[Path],
    collection: str,
    limit: int,
    copies_only: bool,
    as_json: bool,
    **engine: Any,
) -> None:
    """Tell whether a PICTURE, or something it was made from, is in the collection.

    Of a folder all pictures in it are looked up. Each candidate has a verdict: same-file,
    same-pixels, near-duplicate, mirrored, rotated, part (a larger crop, or a collage), or similar;
    'none' where there is no candidate.
    """
    from api.cli.output.progress import StepsBar
    from api.operations.copies import answer_as_json, open_lookup
    from binocle.errors import PictureError, QueryError

    container = open_container(**engine)
    left_out: list[Candidate] = []
    asked = list(_files_of(pictures, container.settings.max_bytes, left_out))
    answers: list[tuple[_PictureFile, LookupAnswer | str]] = []
    is_table = sys.stdout.isatty() and not as_json
    with (
        container.open_collection(collection) as opened,
        StepsBar("pictures") if len(asked) > 1 else nullcontext() as bar,
    ):
        finder = open_lookup(container, opened, with_similar=not copies_only)
        for file in asked:
            try:
                answers.append((file, _looked_up(finder, file, limit)))
            except (PictureError, QueryError) as error:
                if len(asked) == 1:
                    raise
                answers.append((file, str(error)))
            if not as_json and not is_table:  # in a pipe each as soon as it is known
                _print_rows(answers[-1:])
            if bar is not None:
                bar.update(len(answers), len(asked))
    if as_json:
        results = [
            {
                "picture": str(file.path),
                **({"error": answer} if isinstance(answer, str) else answer_as_json(answer)),
            }
            for file, answer in answers
        ]
        others = [{"file": one.uri, "reason": one.skip and one.skip.message} for one in left_out]
        shown = {"collection": collection, "results": results, "left_out": others}
        click.echo(json.dumps(shown, ensure_ascii=False))
    else:
        _print_rows(answers if is_table else ())
        _print_notes([answer for _, answer in answers if not isinstance(answer, str)], left_out)
    end_with_errors([answer for _, answer in answers if isinstance(answer, str)])


@click.command()
@collection_option
@click.option(
    "--report", metavar="FILE", type=PATH, help="Write a page with the pictures there (.html)."
)
@click.option("--csv", "table", metavar="FILE", type=PATH, help="Write a line a picture there.")
@json_option
@shared
def duplicates(collection: str, report: Path | None, table: Path | None, as_json: bool) -> None:
    """Find the pictures of a collection that are the same. Nothing is removed.

    Copies of the same bytes, near duplicates, mirrored and turned ones come together; of each
    cluster the one is proposed for keeping that shows most of the picture in most pixels.
    """
    from api.cli.output.progress import StepsBar
    from api.operations.copies import find_duplicates
    from api.operations.duplicates_report import (
        as_json_object,
        check_writable,
        warnings_of,
        write_csv,
        write_page,
    )
    from binocle.media.decoder_pool import DecoderPool

    written = [path for path in (report, table) if path is not None]
    for path in written:
        check_writable(path)
    container = open_container()
    settings = container.settings
    with (
        container.open_collection(collection) as opened,
        DecoderPool(settings.workers, settings.limits) as decoders,
    ):
        with StepsBar("duplicates") as bar:
            found = find_duplicates(container, opened, decoders, bar.update)
        if table is not None:
            write_csv(table, found)
        if report is not None:
            write_page(report, found, opened, decoders)
    if as_json:
        click.echo(json.dumps(as_json_object(found, collection), ensure_ascii=False))
        return
    _print_clusters(found)
    for warning in warnings_of(found):
        click.echo(f"Note: {warning}", err=True)
    for path in written:
        click.echo(f"wrote {path}", err=True)


@dataclass(frozen=True, slots=True)
class _PictureFile:
    """A picture to look up, the name it is shown under, and how it is read."""

    path: Path
    name: str
    read: Callable[[], bytes]


def _files_of(
    paths: Sequence[Path], max_bytes: int, left_out: "list[Candidate]"
) -> Iterator[_PictureFile]:
    """Yield pictures, and of folders those in them; one without any cannot be read.

    Args:
        paths: Pictures and folders.
        max_bytes: The longest file that is read.
        left_out: Takes what the folders hold besides that is no picture by its name.
    """
    from binocle.errors import NotAPictureError
    from binocle.files import read_regular
    from indexer.sources.folder import FolderSource

    for path in paths:
        expanded = path.expanduser()
        if not expanded.is_dir():
            yield _PictureFile(expanded, path.name, partial(read_regular, expanded, max_bytes))
            continue
        folder = expanded.resolve()
        files = list(FolderSource(folder).scan(folder.name))
        others = [one for one in files if one.skip and one.skip.code == NotAPictureError.code]
        left_out += others
        if len(files) == len(others):
            problem = f"the folder {path} has no pictures to look up{_and_others(others)}"
            yield _PictureFile(expanded, path.name, partial(_refuse, problem))
        for one in files:
            if one.images:
                read = partial(read_regular, one.uri, max_bytes)
                yield _PictureFile(Path(one.uri), one.record_id, read)
            elif one.skip and one not in others:
                problem = f"{one.uri}: {one.skip.message}"
                yield _PictureFile(Path(one.uri), one.record_id, partial(_refuse, problem))


def _and_others(others: "Sequence[Candidate]") -> str:
    return f", only {counted(len(others), 'other file')}" if others else ""


def _refuse(problem: str) -> bytes:
    from binocle.errors import QueryError

    raise QueryError(problem)


def _looked_up(finder: "Lookup", file: _PictureFile, limit: int) -> "LookupAnswer":
    from binocle.errors import PictureError, QueryError

    try:
        return finder.find(file.read(), limit=limit)
    except PictureError as error:
        raise type(error)(f"{file.path}: {error}") from error
    except OSError as error:
        raise QueryError(f"cannot read the picture {file.path} ({error.strerror})") from error


def _print_rows(answers: "Sequence[tuple[_PictureFile, LookupAnswer | str]]") -> None:
    from api.cli.output.tables import print_table

    if all(isinstance(answer, str) for _, answer in answers) and sys.stdout.isatty():
        return  # the errors say it all
    rows = []
    for file, answer in answers:
        if isinstance(answer, str):
            rows.append((file.name, "error", "", "", ""))
            continue
        for one in answer.candidates:
            region = one.judgement.stored_region
            shown = f"{region.x:.2f},{region.y:.2f},{region.w:.2f},{region.h:.2f}" if region else ""
            sure = f"{one.judgement.confidence:.2f}"
            rows.append((file.name, one.judgement.verdict, sure, one.record.id, shown))
        if not answer.candidates:
            rows.append((file.name, "none", "", "", ""))
    print_table(("picture", "verdict", "confidence", "record", "region"), rows, whole="record")


def _print_notes(answers: "Sequence[LookupAnswer]", left_out: "Sequence[Candidate]") -> None:
    """Say what could not be compared, and what was not looked up."""
    if left_out:
        named = ", ".join(one.record_id for one in left_out[:_NAMED])
        more = f" and {len(left_out) - _NAMED:,} more" if len(left_out) > _NAMED else ""
        what = counted(len(left_out), "file")
        click.echo(f"Note: not looked up, being no pictures: {what}: {named}{more}", err=True)
    unprepared = max((answer.unprepared for answer in answers), default=0)
    unreadable = sum(answer.unreadable for answer in answers)
    if unprepared:
        click.echo(
            f"Note: {counted(unprepared, 'picture')} from before there was reverse lookup cannot "
            "be found; run 'binocle index' on their source again",
            err=True,
        )
    if unreadable:
        click.echo(
            f"Note: {counted(unreadable, 'stored picture')} that may be what was looked for could "
            "not be read, as if moved or removed; bring them back, or index where they are now",
            err=True,
        )


def _print_clusters(found: "Duplicates") -> None:
    from api.cli.output.tables import print_table

    rows = []
    for number, cluster in enumerate(found.clusters, 1):
        keep = cluster.keep
        rows.append((number, "keep", "", f"{keep.width} x {keep.height}", keep.record_id))
        rows += [
            (number, one.verdict, f"{one.confidence:.2f}", f"{one.width} x {one.height}",
             one.record_id)
            for one in cluster.others
        ]  # fmt: skip
    if rows:
        print_table(("cluster", "verdict", "confidence", "pixels", "record"), rows, whole="record")
    copies = sum(len(one.others) for one in found.clusters)
    click.echo(
        f"{counted(len(found.clusters), 'cluster')} with {of_copies(copies)} among "
        f"{counted(found.pictures, 'picture')}; nothing was removed",
        err=True,
    )
