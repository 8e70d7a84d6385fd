"""The command line. Everything slow is imported by the command that needs it."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from api.training import train
from binocle import __version__
from binocle.errors import BinocleError, UsageError

if TYPE_CHECKING:
    from api.keys import KeyRing
    from api.wiring import Workshop

_F = TypeVar("_F", bound=Callable[..., Any])
_EXIT_FAILURE, _EXIT_USAGE, _EXIT_INTERRUPTED = 1, 2, 130
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> object:
    if value not in (None, False):
        context.find_root().meta[f"binocle.{parameter.name}"] = value
    return value


def _shared(command: _F) -> _F:
    """Add the options that go before or behind any command."""
    for option in (
        click.option("--debug", is_flag=True, expose_value=False, callback=_remember,
                     is_eager=True, help="Show tracebacks and what goes on inside."),
        click.option("--home", type=click.Path(path_type=Path), expose_value=False,
                     callback=_remember, help="Where collections live [BINOCLE_HOME]."),
    ):  # fmt: skip
        command = option(command)
    return command


def _collection_option(command: _F) -> _F:
    return click.option(
        "-c", "--collection", default="default", show_default=True, metavar="NAME",
        help="Which collection.",
    )(command)  # fmt: skip


def _engine_options(command: _F) -> _F:
    for option in (
        click.option("--precision", type=click.Choice(["auto", "float32", "bfloat16", "float16"]),
                     help="Arithmetic of the model; auto is the fastest that fits the device."),
        click.option("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1, mps."),
    ):  # fmt: skip
        command = option(command)
    return command


def _json_option(command: _F) -> _F:
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


def _workshop(**options: object) -> "Workshop":
    from api.settings import read_settings
    from api.wiring import Workshop

    home = click.get_current_context().find_root().meta.get("binocle.home")
    return Workshop(read_settings(home=home, **options))


@click.group(context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="binocle")
@_shared
def cli() -> None:
    """Index pictures and texts; find them again by words, by a picture, or by both."""


@cli.command()
@click.argument(
    "sources", metavar="SOURCE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@_collection_option
@click.option(
    "--model",
    metavar="MODEL",
    help="Embeds the collection; see 'binocle models'. Only for a new collection.",
)
@click.option("--id-column", metavar="COLUMN", help="Of a table: the record's id.")
@click.option("--image-column", metavar="COLUMN", help="Of a table: paths of pictures.")
@click.option(
    "--text-column",
    "text_columns",
    multiple=True,
    metavar="COLUMN",
    help="Of a table: texts to embed; may be repeated.",
)
@click.option(
    "--image-root",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Where a table's relative paths start, if not beside it.",
)
@click.option(
    "--max-pixels", type=click.IntRange(1), metavar="N", help="Skip pictures with more pixels."
)
@click.option(
    "--workers", type=click.IntRange(1, 256), metavar="N", help="Pictures decoded at once."
)
@_engine_options
@_json_option
@_shared
def index(
    sources: Sequence[Path],
    collection: str,
    model: str | None,
    id_column: str | None,
    image_column: str | None,
    text_columns: Sequence[str],
    image_root: Path | None,
    as_json: bool,
    **engine: Any,
) -> None:
    """Bring folders, archives, tables, text files or pictures into a collection.

    A SOURCE is a folder of pictures, a tar or zip of them, a table (CSV, TSV, JSONL, Parquet),
    a text file with one text a line, or a picture. Running the same command again looks only at
    what changed; what vanished from a source vanishes from the collection.
    """  # fmt: skip
    from api.indexing import index_sources
    from indexer.sources.table import Columns

    columns = Columns(id_column, image_column, tuple(text_columns), image_root)
    workshop = _workshop(**engine)
    if not index_sources(workshop, sources, collection, model, columns, as_json=as_json):
        sys.exit(_EXIT_FAILURE)


@cli.command()
@click.argument("text", nargs=-1)
@click.option(
    "--image",
    "images",
    multiple=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Find what looks or reads like this picture.",
)
@click.option(
    "--like",
    "records",
    multiple=True,
    metavar="RECORD",
    help="Find what is like this record, by its id.",
)
@click.option("--without", multiple=True, metavar="TEXT", help="Stay away from this.")
@_collection_option
@click.option(
    "-k",
    "--limit",
    default=10,
    show_default=True,
    type=click.IntRange(1, 10_000),
    metavar="N",
    help="How many hits.",
)
@click.option(
    "--target",
    type=click.Choice(["image", "text", "any"]),
    help="What to find; pictures by default, texts where there are none.",
)
@click.option(
    "--where",
    metavar="EXPR",
    help='Only records that pass, such as "price < 100 and color in (Red, Blue)".',
)
@click.option("--cursor", metavar="CURSOR", help="Go on behind an earlier answer (--json).")
@click.option("--exact", is_flag=True, help="Scan everything, however large.")
@_engine_options
@_json_option
@_shared
def search(
    text: Sequence[str],
    images: Sequence[Path],
    records: Sequence[str],
    without: Sequence[str],
    collection: str,
    limit: int,
    target: Any,
    where: str | None,
    cursor: str | None,
    exact: bool,
    as_json: bool,
    **engine: Any,
) -> None:
    """Find records by TEXT, by a picture, by another record, or by several of these.

    \b
    binocle search a dog at the lake
    binocle search --image beach.jpg --without people
    binocle search "running shoes" --where "price < 60 and color = Red"
    """  # noqa: D301  # fmt: skip
    from api.printing import print_answer
    from search.advice import doubts
    from search.query import Query, Term
    from search.where import parse_where

    words = " ".join(text).strip()
    terms = [
        *([Term(text=words)] if words else []),
        *(Term(image=path) for path in images),
        *(Term(record=record) for record in records),
        *(Term(text=one, weight=-0.5) for one in without),
    ]
    parsed = parse_where(where) if where else None
    query = Query(tuple(terms), target, parsed, limit, cursor, exact)
    workshop = _workshop(**engine)
    with workshop.open_collection(collection) as opened:
        answer = workshop.searcher(opened).search(query)
        print_answer(answer, opened, as_json=as_json)
        for doubt in doubts(opened, parsed) if parsed else ():
            click.echo(f"Note: {doubt}", err=True)


@cli.command()
@click.option("--host", metavar="ADDRESS", help="Where to listen [127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="Port [8765].")
@click.option(
    "--without-keys",
    is_flag=True,
    help="Listen beyond this machine although anybody may then read and write.",
)
@_engine_options
@_shared
def serve(without_keys: bool, **options: Any) -> None:
    """Answer searches over HTTP; interactive documentation is at /docs."""  # fmt: skip
    from api.serving import serve_forever

    serve_forever(_workshop(**options), without_keys=without_keys)


@cli.group()
@_shared
def keys() -> None:
    """Make, list and revoke the HTTP service's API keys."""


@keys.command("add")
@click.argument("name")
@click.option("--write", is_flag=True, help="May store and remove, too.")
@click.option(
    "-c",
    "--collection",
    "collections",
    multiple=True,
    metavar="NAME",
    help="Only for this collection; may be repeated.",
)
@_shared
def add_key(name: str, write: bool, collections: Sequence[str]) -> None:
    """Make a key and print it, once: only its hash is kept."""  # fmt: skip
    ring = _key_ring()
    click.echo(ring.add(name, "write" if write else "read", tuple(collections) or None))


@keys.command("list")
@_shared
def list_keys() -> None:
    """List the keys' names and what they may do."""
    for key in _key_ring().all():
        where = ", ".join(key.collections) if key.collections else "all collections"
        click.echo(f"{key.name}\t{key.access}\t{where}\t{key.created_at}")


@keys.command("revoke")
@click.argument("name")
@_shared
def revoke_key(name: str) -> None:
    """Revoke a key; a running service refuses it from its next request on."""
    _key_ring().revoke(name)
    click.echo(f"revoked {name}")


def _key_ring() -> "KeyRing":
    from api.keys import KeyRing

    return KeyRing(_workshop().settings.home / "keys.json")


@cli.command()
@_collection_option
@_json_option
@_shared
def info(collection: str, as_json: bool) -> None:
    """Tell what a collection holds: model, counts, indices, sources, fields."""
    from api.printing import print_info

    workshop = _workshop()
    with workshop.open_collection(collection) as opened:
        print_info(opened, as_json=as_json)


@cli.command()
@_json_option
@_shared
def collections(as_json: bool) -> None:
    """List the collections."""
    from api.printing import print_collections

    print_collections(_workshop(), as_json=as_json)


@cli.command()
@_collection_option
@_json_option
@_shared
def skipped(collection: str, as_json: bool) -> None:
    """List the files that were not indexed, and why."""
    from api.printing import print_skipped

    workshop = _workshop()
    with workshop.open_collection(collection) as opened:
        print_skipped(opened, as_json=as_json)


@cli.command()
@click.argument("records", metavar="[RECORD]...", nargs=-1)
@_collection_option
@click.option("--source", metavar="PATH", help="Remove all that came from this source.")
@click.option("--all", "everything", is_flag=True, help="Remove the whole collection.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_shared
def remove(
    records: Sequence[str], collection: str, source: str | None, everything: bool, yes: bool
) -> None:
    """Remove records, a source, or a whole collection. Your files are never touched."""
    from api.removing import remove_collection, remove_records, remove_source

    if sum([bool(records), source is not None, everything]) != 1:
        raise click.UsageError("name records, or give --source PATH, or --all")
    workshop = _workshop()
    if everything:
        workshop.open_collection(collection).close()
        if not yes and sys.stdin.isatty():
            click.confirm(f"Remove the collection {collection!r}?", abort=True)
        elif not yes:
            raise click.UsageError("--all removes the whole collection; add --yes to do it")
        click.echo(remove_collection(workshop, collection))
        return
    with workshop.open_collection(collection) as opened:
        if source is not None:
            click.echo(remove_source(opened, source))
        else:
            click.echo(remove_records(opened, records))


@cli.command()
@_json_option
@_shared
def models(as_json: bool) -> None:
    """List recommended models and what is known of them."""
    from api.printing import print_models

    print_models(as_json=as_json)


@cli.command("eval")
@click.argument("pairs", metavar="[PAIRS]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--labels",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Measure labelling instead: each subfolder is a label.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="MODEL",
    help="What to measure; given twice, two models are compared.",
)
@click.option(
    "-c",
    "--collection",
    metavar="NAME",
    help="Measure search in this collection, with its own model.",
)
@click.option("--image-column", metavar="COLUMN", help="Of the table: paths of pictures.")
@click.option(
    "--text-column",
    "text_columns",
    multiple=True,
    metavar="COLUMN",
    help="Of the table: texts of the pictures; may be repeated.",
)
@click.option(
    "--image-root",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Where the table's relative paths start, if not beside it.",
)
@click.option(
    "--template",
    "templates",
    multiple=True,
    metavar="TEXT",
    help='For labels, such as "a photo of a {}."; repeated ones are averaged.',
)
@click.option(
    "--resamples",
    default=1000,
    show_default=True,
    type=click.IntRange(1, 100_000),
    metavar="N",
    help="Bootstrap draws for the confidence intervals.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    metavar="N",
    help="Of the draws.",
)
@click.option(
    "--json",
    "json_path",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write all figures there; - prints them instead of tables.",
)
@click.option(
    "--markdown",
    "markdown_path",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the tables there.",
)
@click.option(
    "--plot",
    "plot_path",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Draw recall over k there (.png, .svg, .pdf).",
)
@_engine_options
@_shared
def evaluate(
    pairs: Path | None,
    labels: Path | None,
    models: Sequence[str],
    collection: str | None,
    image_column: str | None,
    text_columns: Sequence[str],
    image_root: Path | None,
    templates: Sequence[str],
    resamples: int,
    seed: int,
    json_path: Path | None,
    markdown_path: Path | None,
    plot_path: Path | None,
    **engine: Any,
) -> None:
    """Measure how well texts find their pictures, and pictures their texts.

    PAIRS is a table (CSV, TSV, JSONL, Parquet) with a column of pictures and one of texts; rows
    with the same picture are several texts of it.

    \b
    binocle eval captions.csv --model ViT-B-32/datacomp_xl_s13b_b90k
    binocle eval captions.csv --model colour --model ./tuned --plot recall.png
    binocle eval captions.csv -c photos
    binocle eval --labels caltech101
    """  # noqa: D301
    from api.evaluating import Outputs, Question
    from api.evaluating import evaluate as measure
    from indexer.sources.table import Columns

    columns = Columns(None, image_column, tuple(text_columns), image_root)
    question = Question(
        pairs, labels, columns, tuple(models), collection, tuple(templates), resamples, seed
    )
    measure(_workshop(**engine), question, Outputs(json_path, markdown_path, plot_path))


@cli.command()
@_shared
def demo() -> None:
    """Draw a few pictures, index them, and search in every direction."""
    from api.demo import run_demo

    run_demo(_workshop())


cli.add_command(_shared(train))


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; end the process with 0, 1 for failure, 2 for wrong use."""
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        cli.main(args=given, prog_name="binocle", standalone_mode=False)
    except click.exceptions.Abort:
        return _EXIT_INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return _EXIT_USAGE
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f" (try '{context.command_path} --help')" if context else ""
        return _fail(error.format_message() + hint, _EXIT_USAGE, debug)
    except UsageError as error:
        return _fail(str(error), _EXIT_USAGE, debug)
    except BinocleError as error:
        # An interrupt inside a library may come out as an error of that library.
        if _interrupted:
            return _fail(_interruption(given), _EXIT_INTERRUPTED, debug)
        return _fail(str(error), _EXIT_FAILURE, debug)
    except _InterruptedError:
        return _fail(_interruption(given), _EXIT_INTERRUPTED, debug)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # who read us has gone
        return _EXIT_FAILURE
    except OSError as error:
        return _fail(f"{error.filename or 'the system'}: {error.strerror}", _EXIT_FAILURE, debug)
    except Exception as error:
        name = type(error).__name__
        return _fail(f"unexpected {name}: {error} (--debug shows more)", _EXIT_FAILURE, debug)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else _EXIT_FAILURE
    return 0


def _fail(message: str, code: int, debug: bool) -> int:
    logging.getLogger(__name__).debug("failed", exc_info=debug)
    click.echo("Error: " + " ".join(message.split()), err=True)
    return code


class _InterruptedError(BaseException):
    """Ctrl-C or a polite kill. Not a KeyboardInterrupt, which click would swallow."""


_interrupted: list[int] = []


def _interrupt(signal_number: int, _frame: object) -> NoReturn:
    _interrupted.append(signal_number)
    raise _InterruptedError


def _interruption(arguments: Sequence[str]) -> str:
    if "index" not in arguments:
        return "interrupted"
    return "interrupted; what was committed is kept, run the same command again to go on"


if __name__ == "__main__":
    main()
