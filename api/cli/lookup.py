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
from api.operations.plurals import counted

if TYPE_CHECKING:
    from indexer.sources.base import Candidate
    from search.copies.lookup import Lookup, LookupAnswer
    from search.copies.policy import Rule


@click.command()
@click.argument("pictures", metavar="PICTURE...", nargs=-1, required=True, type=PATH)
@collection_option
@limit_option(10, 100, "candidates for each picture")
@click.option("--copies-only", is_flag=True, help="Do not look for what is merely similar.")
@click.option("--lines", is_flag=True, help="A JSON object a line, as soon as it is known.")
@click.option(
    "--policy",
    metavar="RULES",
    help="What to do, such as 'block near-duplicate 0.95, review copy 0.5'; the first that fits.",
)
@engine_options
@json_option
@shared
def lookup(
    pictures: Sequence[Path],
    collection: str,
    limit: int,
    copies_only: bool,
    lines: bool,
    policy: str | None,
    as_json: bool,
    **engine: Any,
) -> None:
    """Tell whether a PICTURE, or something it was made from, is in the collection.

    Of a folder all pictures in it are looked up; - is a picture from standard input. Each
    candidate has a verdict: same-file, same-pixels, near-duplicate, mirrored, rotated, part (a
    larger crop, or a collage), variant (the same template with another colour, words or detail),
    or similar; 'none' where there is no candidate.
    """
    from api.cli.output.copies import print_answers, print_notes
    from api.cli.output.progress import StepsBar
    from api.operations.copies import open_lookup
    from binocle.errors import PictureError, QueryError
    from search.copies.policy import rules_of

    rules = None if policy is None else rules_of(policy)
    container = open_container(**engine)
    left_out: list[Candidate] = []
    asked = list(_files_of(pictures, container.settings.max_bytes, left_out))
    answers: list[tuple[_PictureFile, LookupAnswer | str]] = []
    is_table = sys.stdout.isatty() and not as_json and not lines
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
            if lines:
                click.echo(json.dumps(_as_json(*answers[-1], rules), ensure_ascii=False))
            elif not as_json and not is_table:  # in a pipe each as soon as it is known
                print_answers([(file.name, answers[-1][1])], rules)
            if bar is not None:
                bar.update(len(answers), len(asked))
    if as_json and not lines:
        results = [_as_json(file, answer, rules) for file, answer in answers]
        others = [{"file": one.uri, "reason": one.skip and one.skip.message} for one in left_out]
        shown = {"collection": collection, "results": results, "left_out": others}
        click.echo(json.dumps(shown, ensure_ascii=False))
    else:
        shown_now = [(file.name, answer) for file, answer in answers] if is_table else ()
        print_answers(shown_now, rules)
        print_notes([answer for _, answer in answers if not isinstance(answer, str)], left_out)
    end_with_errors([answer for _, answer in answers if isinstance(answer, str)])


@click.command()
@collection_option
@click.option(
    "--report", metavar="FILE", type=PATH, help="Write a page with the pictures there (.html)."
)
@click.option("--csv", "table", metavar="FILE", type=PATH, help="Write a line a picture there.")
@click.option(
    "--moves",
    metavar="FILE",
    type=PATH,
    help="Write a shell script there that moves the copies out of the way. It is not run.",
)
@click.option(
    "--moves-to",
    metavar="FOLDER",
    type=PATH,
    default=Path("duplicates"),
    show_default=True,
    help="Where that script moves them.",
)
@click.option("--exact-only", is_flag=True, help="Move only the same files and the same pixels.")
@json_option
@shared
def duplicates(
    collection: str,
    report: Path | None,
    table: Path | None,
    moves: Path | None,
    moves_to: Path,
    exact_only: bool,
    as_json: bool,
) -> None:
    """Find the pictures of a collection that are the same. Nothing is removed.

    Copies of the same bytes, near duplicates, mirrored and turned ones come together; of each
    cluster the one is proposed for keeping that shows most of the picture in most pixels, and
    of each other one it is said why not.
    """
    from api.cli.output.copies import print_clusters
    from api.cli.output.progress import StepsBar
    from api.operations.copies import find_duplicates
    from api.operations.duplicates_moves import moves_of
    from api.operations.duplicates_report import (
        as_json_object,
        check_writable,
        csv_of,
        page_of,
        warnings_of,
        write_text,
    )
    from binocle.media.decoder_pool import DecoderPool

    written = [path for path in (report, table, moves) if path is not None]
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
            write_text(table, csv_of(found))
        if report is not None:
            write_text(report, page_of(found, opened, decoders))
        if moves is not None:
            folder = moves_to.expanduser().absolute()
            write_text(moves, moves_of(found, folder, exact_only=exact_only))
    if as_json:
        click.echo(json.dumps(as_json_object(found, collection), ensure_ascii=False))
        return
    print_clusters(found)
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
        if str(path) == "-":
            yield _PictureFile(path, "-", partial(_read_input, max_bytes))
            continue
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


def _as_json(
    file: _PictureFile, answer: "LookupAnswer | str", rules: "Sequence[Rule] | None"
) -> dict[str, object]:
    from api.operations.copies import answer_as_json
    from search.copies.policy import action_of

    said: dict[str, object] = {"picture": str(file.path)}
    if isinstance(answer, str):
        return {**said, "error": answer}
    if rules is not None:
        said["action"] = action_of(rules, answer.candidates)
    return {**said, **answer_as_json(answer)}


def _and_others(others: "Sequence[Candidate]") -> str:
    return f", only {counted(len(others), 'other file')}" if others else ""


def _read_input(max_bytes: int) -> bytes:
    from binocle.errors import QueryError

    data = sys.stdin.buffer.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise QueryError(
            f"standard input has more than {max_bytes:,} bytes; raise BINOCLE_MAX_BYTES"
        )
    return data


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
