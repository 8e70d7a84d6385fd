"""``binocle lookup``: its options, and what it does."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from api.cli.options import (
    PATH,
    PATH_OR_ADDRESS,
    collection_option,
    engine_options,
    json_option,
    limit_option,
    max_pixels_option,
    open_container,
    shared,
)
from api.cli.output.errors import end_with_errors
from api.terminal import say

if TYPE_CHECKING:
    from api.cli.copies.asked_pictures import AskedPicture
    from api.container import Container
    from api.operations.copies import FrameLookup
    from binocle.collection.collection import Collection
    from indexer.sources.base import Candidate
    from search.copies.lookup_candidates import LookupAnswer
    from search.copies.policy import Rule


@dataclass(frozen=True, slots=True)
class _Answered:
    """A picture by its place and name, and what is known of it; a text says why it failed."""

    place: str
    name: str
    answer: "LookupAnswer | str"


@click.command()
@click.argument("pictures", metavar="PICTURE...", nargs=-1, required=True, type=PATH_OR_ADDRESS)
@collection_option
@limit_option(10, 100, "candidates for each picture")
@click.option(
    "--hashes",
    "hash_files",
    metavar="FILE",
    type=PATH,
    multiple=True,
    help="Also ask a list of PDQ hashes, or it alone where no collection is; may be repeated.",
)
@click.option("--copies-only", is_flag=True, help="Do not look for what is merely similar.")
@click.option("--lines", is_flag=True, help="A JSON object a line, as soon as it is known.")
@click.option(
    "--policy",
    metavar="RULES",
    help="What to do, such as 'block near-duplicate 0.95, review copy 0.5'; the first that fits.",
)
@click.option(
    "--csv",
    "table",
    metavar="FILE",
    type=PATH,
    help="Also write a line a candidate there, with the regions of both pictures.",
)
@click.option(
    "--overlay",
    metavar="FILE",
    type=PATH,
    help="Also write a PNG there: PICTURE, the best candidate, and one upon the other.",
)
@click.option(
    "--sheet",
    metavar="FILE",
    type=PATH,
    help="Write a page there (.html): each picture beside what it is of, regions drawn.",
)
@click.option("--open", "is_opened", is_flag=True, help="Show that page in a browser.")
@max_pixels_option
@engine_options
@json_option
@shared
def lookup(
    pictures: Sequence[Path | str],
    collection: str,
    limit: int,
    hash_files: Sequence[Path],
    copies_only: bool,
    lines: bool,
    policy: str | None,
    table: Path | None,
    overlay: Path | None,
    sheet: Path | None,
    is_opened: bool,
    as_json: bool,
    **engine: Any,
) -> None:
    """Tell whether a PICTURE, or something it was made from, is in the collection.

    Of a folder and of an archive (tar, zip) all pictures in it are looked up, whatever their names
    end in; - is a picture from standard input; URLs are fetched where BINOCLE_FETCH_URLS is true.
    Each candidate has a verdict: same-file, same-pixels, near-duplicate, mirrored, rotated, part
    (a larger crop, or a collage), variant (the same template with another colour, words or
    detail), hash-match (a list has a near hash), or similar; 'none' where there is no candidate.
    """
    from api.cli.copies.asked_pictures import AskedPictures
    from api.cli.output.copies import print_answers, print_notes
    from api.cli.output.progress import StepsBar
    from api.operations.copies import open_lookup
    from api.operations.duplicates_report import PAGE_SUFFIXES, check_writable
    from api.operations.hash_lists.kept_lists import listed_in_file
    from api.operations.lookup_table import LookupTable
    from binocle.errors import UsageError
    from search.copies.policy import rules_of

    rules = None if policy is None else rules_of(policy)
    for path, suffixes in ((table, ()), (overlay, (".png",)), (sheet, PAGE_SUFFIXES)):
        if path is not None:
            check_writable(path, *suffixes)
    lists = [listed_in_file(one) for one in hash_files]
    container = open_container(**engine)
    asked = AskedPictures(pictures, container.settings.limits, container.fetch)
    is_table = sys.stdout.isatty() and not as_json and not lines
    answers: list[_Answered] = []
    with ExitStack() as stack:
        opened = stack.enter_context(_asked_of(container, collection, has_lists=bool(lists)))
        show = stack.enter_context(_shown(container, opened, overlay, sheet, is_opened=is_opened))
        finder = open_lookup(container, opened, with_similar=not copies_only, lists=lists)
        total = asked.count()
        if overlay is not None and total > 1:
            raise UsageError(f"--overlay shows one picture, and these are {total:,}; name one")
        written = stack.enter_context(LookupTable(table, rules)) if table is not None else None
        bar = stack.enter_context(StepsBar("pictures")) if total > 1 else None
        for data, answered in _answered(finder, iter(asked), limit):
            answers.append(answered)
            if written is not None:
                written.add(answered.place, answered.answer)
            show(data, answered)
            if lines or not (as_json or is_table):  # in a pipe each as soon as it is known
                _tell(answered, rules, as_json=lines)
            if bar is not None:
                bar.update(len(answers), total)
    if as_json and not lines:
        shown = {"collection": collection, **_as_one_object(answers, asked.left_out, rules)}
        say(json.dumps(shown, ensure_ascii=False))
    else:
        print_answers([(one.name, one.answer) for one in answers] if is_table else (), rules)
        known = [one.answer for one in answers if not isinstance(one.answer, str)]
        print_notes(known, asked.left_out)
    end_with_errors([one.answer for one in answers if isinstance(one.answer, str)])


@contextmanager
def _asked_of(
    container: "Container", collection: str, *, has_lists: bool
) -> "Iterator[Collection]":
    """Yield the collection; an empty one for whoever has lists only, and names none."""
    from tempfile import TemporaryDirectory

    from binocle.collection.collection import Collection
    from binocle.errors import NotFoundError

    source = click.get_current_context().get_parameter_source("collection")
    with ExitStack() as stack:
        try:
            opened = container.open_collection(collection)
        except NotFoundError:
            if not has_lists or source is not ParameterSource.DEFAULT:
                raise
            folder = stack.enter_context(TemporaryDirectory(prefix="binocle-"))
            opened = Collection(Path(folder) / "the-lists", create=True)
        yield stack.enter_context(opened)


def _answered(
    finder: "FrameLookup", asked: "Iterator[AskedPicture]", limit: int
) -> Iterator[tuple[bytes, _Answered]]:
    """Yield each picture's file and what is known of it; of only one what is wrong is raised."""
    from binocle.errors import NotFoundError, PictureError, QueryError

    first = list(islice(asked, 2))
    for one in chain(first, asked):
        try:
            data, answer = _looked_up(finder, one, limit)
            yield data, _Answered(one.place, one.name, answer)
        except (NotFoundError, PictureError, QueryError) as error:
            if len(first) == 1:
                raise
            yield b"", _Answered(one.place, one.name, str(error))


def _looked_up(
    finder: "FrameLookup", asked: "AskedPicture", limit: int
) -> "tuple[bytes, LookupAnswer]":
    from binocle.errors import PictureError, QueryError

    try:
        data = asked.read()
        return data, finder.find(data, limit=limit)
    except PictureError as error:
        raise type(error)(f"{asked.place}: {error}") from error
    except OSError as error:
        reason = error.strerror or error
        raise QueryError(f"cannot read the picture {asked.place} ({reason})") from error


@contextmanager
def _shown(
    container: "Container",
    collection: "Collection",
    overlay: Path | None,
    sheet: Path | None,
    *,
    is_opened: bool,
) -> "Iterator[Callable[[bytes, _Answered], None]]":
    """Yield what draws answers as they come; the page of all of them is written at the end."""
    from api.cli.output.sheets import show_page
    from api.operations.sheets.lookup_sheet import LookupSheet

    with ExitStack() as stack:
        page = None
        if sheet is not None or is_opened:
            page = LookupSheet(collection, stack.enter_context(container.decoders()))

        def show(data: bytes, answered: _Answered) -> None:
            if overlay is not None:
                _draw(overlay, container, collection, data, answered.answer)
            if page is not None:
                page.add(answered.name, data, answered.answer)

        yield show
        if page is not None:
            show_page(page.page(), sheet, "lookup.html", is_opened=is_opened)


def _tell(answered: _Answered, rules: "Sequence[Rule] | None", *, as_json: bool) -> None:
    from api.cli.output.copies import print_answers

    if as_json:
        say(json.dumps(_as_json(answered, rules), ensure_ascii=False))
    else:
        print_answers([(answered.name, answered.answer)], rules)


def _draw(
    path: Path,
    container: "Container",
    collection: "Collection",
    data: bytes,
    answer: "LookupAnswer | str",
) -> None:
    """Write a picture that shows the match with the best candidate, or say why there is none."""
    from api.operations.copies import match_png
    from api.operations.duplicates_report import write_file

    candidates = () if isinstance(answer, str) else answer.candidates
    shown = next((one for one in candidates if one.judgement.stored_region is not None), None)
    if shown is None:
        say(f"Note: nothing matches, so {path} was not written", err=True)
        return
    write_file(path, match_png(container, collection, data, shown))
    say(f"wrote {path}", err=True)


def _as_one_object(
    answers: Sequence[_Answered], left_out: "Sequence[Candidate]", rules: "Sequence[Rule] | None"
) -> dict[str, object]:
    others = [{"file": one.uri, "reason": one.skip and one.skip.message} for one in left_out]
    return {"results": [_as_json(one, rules) for one in answers], "left_out": others}


def _as_json(answered: _Answered, rules: "Sequence[Rule] | None") -> dict[str, object]:
    from api.operations.copies import answer_as_json
    from search.copies.policy import action_of

    said: dict[str, object] = {"picture": answered.place}
    if isinstance(answered.answer, str):
        return {**said, "error": answered.answer}
    if rules is not None:
        said["action"] = action_of(rules, answered.answer.judgements)
    return {**said, **answer_as_json(answered.answer)}
