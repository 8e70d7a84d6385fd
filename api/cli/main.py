"""The command line. Everything slow is imported by the command that needs it."""

import gc
import logging
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click

from api.cli.collections import collections, info, remove, skipped
from api.cli.completion import completion
from api.cli.copies.duplicates import duplicates
from api.cli.copies.hashes import hashes
from api.cli.copies.lookup import lookup
from api.cli.decoding_ahead import begin_decoders
from api.cli.evaluate import evaluate
from api.cli.fields import fields, read_schema, schema_options
from api.cli.keys import keys
from api.cli.labels import caption, label, match
from api.cli.options import (
    PATH,
    PATH_OR_ADDRESS,
    collection_names,
    collection_option,
    engine_options,
    exclude_option,
    json_option,
    max_pixels_option,
    open_container,
    shared,
    table_options,
    workers_option,
)
from api.cli.resident.asking import LISTENS_AT, LOADED_WITH, run
from api.cli.search import search
from api.cli.train import train
from api.cli.upkeep.aliases import aliases
from api.cli.upkeep.backup import backup, restore
from api.cli.upkeep.batch import batch
from api.cli.upkeep.doctor import doctor
from api.cli.upkeep.move import move
from api.cli.upkeep.reembed import reembed
from api.cli.upkeep.rules import rules
from api.cli.upkeep.transfer import export, import_
from api.cli.upkeep.tune import tune
from api.cli.upkeep.watch import watch
from api.terminal import EXIT_INTERRUPTED, STOPPED, LogLines, leave, say
from binocle import __version__
from binocle.errors import BinocleError, UsageError

_BACKGROUND_NICE = 19
# Until the collector of garbage looks; as often as usual, a fifth of a start.
_OBJECTS_MADE = 20_000
_EXIT_FAILURE, _EXIT_USAGE = 1, 2
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="binocle")
@shared
def cli() -> None:
    """Index pictures and texts; find them again by words, by a picture, or by both."""
    for name, value in LOADED_WITH.items():
        os.environ.setdefault(name, value)


@cli.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=PATH_OR_ADDRESS)
@collection_option
@click.option(
    "--model",
    metavar="MODEL",
    help="Embeds the collection; see 'binocle models'. Only for a new collection.",
)
@click.option("--id-column", metavar="COLUMN", help="Of a table: the record's id.")
@table_options
@schema_options
@click.option(
    "--encoding",
    metavar="NAME",
    help="What texts are in that have no mark, such as shift-jis [utf-8, else cp1252].",
)
@exclude_option
@max_pixels_option
@click.option(
    "--background",
    is_flag=True,
    help="Make way for whatever else runs on the machine.",
)
@workers_option
@engine_options
@json_option
@shared
def index(
    sources: Sequence[Path | str],
    collection: str,
    model: str | None,
    id_column: str | None,
    image_column: str | None,
    text_columns: Sequence[str],
    image_root: Path | None,
    schema_file: Path | None,
    typed_fields: Sequence[str],
    encoding: str | None,
    background: bool,
    exclude: Sequence[str],
    as_json: bool,
    **engine: Any,
) -> None:
    """Bring folders, archives, tables, text files or pictures into a collection.

    A SOURCE is a folder of pictures, a tar or zip of them, a table (CSV, TSV, JSON, JSONL,
    Parquet), a text file with one text a line, a picture, or the address of pictures in a bucket or
    behind a listing (s3://BUCKET/FOLDER, gs://, az://, https://). Running the same command again
    looks only at what changed; what vanished from a source vanishes from the collection. So does
    what is excluded: by --exclude, to be said at each run, or by a file .binocleignore in a folder.
    """  # fmt: skip
    if background:
        os.nice(_BACKGROUND_NICE)
    begin_decoders(sources, collection, engine["workers"])
    from api.cli.index import index_sources
    from indexer.sources.encodings import checked_encoding
    from indexer.sources.table import ColumnRoles

    schema = read_schema(schema_file, typed_fields)
    known = checked_encoding(encoding)
    columns = ColumnRoles(id_column, image_column, tuple(text_columns), image_root, known)
    container = open_container(**engine)
    if not index_sources(
        container,
        sources,
        collection,
        model,
        columns,
        schema=schema,
        exclude=exclude,
        as_json=as_json,
    ):
        sys.exit(_EXIT_FAILURE)


@cli.command()
@click.option("--host", metavar="ADDRESS", help="Where to listen [127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="Port [8765].")
@click.option(
    "--without-keys",
    is_flag=True,
    help="Listen beyond this machine although anybody may then read and write.",
)
@click.option(
    "--tls-certificate", type=PATH, metavar="FILE", help="Answer over TLS: the chain, in PEM."
)
@click.option("--tls-key", type=PATH, metavar="FILE", help="The certificate's key, in PEM.")
@click.option("--log-format", type=click.Choice(["text", "json"]), help="The log's lines [text].")
@click.option("--mcp", is_flag=True, default=None, help="Have tools for agents at /mcp.")
@engine_options
@shared
def serve(without_keys: bool, **options: Any) -> None:
    """Answer searches over HTTP; interactive documentation is at /docs."""  # fmt: skip
    # Threads of one product wait for each other; with another process at work, for long. So half
    # the cores compute, unless the operator says otherwise. Read when numpy and torch load.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, str(max(1, (os.cpu_count() or 1) // 2)))
    from api.cli.serve import serve_forever

    serve_forever(open_container(**options), without_keys=without_keys)


@cli.command()
@click.option("-c", "--collection", "collections", metavar="NAME", multiple=True,
              shell_complete=collection_names,
              help="Only these collections may be read; may be repeated [all].")  # fmt: skip
@engine_options
@shared
def mcp(collections: tuple[str, ...], **engine: Any) -> None:
    """Answer an agent's calls over standard input and output (Model Context Protocol)."""
    import asyncio

    from api.http.mcp.installation import check_installed

    check_installed()
    from api.http.mcp.stdio import serve_stdio

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)  # it only reads: there is nothing to be finished
    asyncio.run(serve_stdio(open_container(**engine), collections))


@cli.command()
@json_option
@shared
def models(as_json: bool) -> None:
    """List recommended models and what is known of them."""
    from api.cli.output.tables import print_models

    print_models(as_json=as_json)


@cli.command()
@shared
def demo() -> None:
    """Draw a few pictures, index them, and search in every direction."""
    from api.cli.demo.run import run_demo

    run_demo(open_container())


for command in (
    keys, aliases, info, collections, skipped, remove, evaluate, fields, search, rules, lookup,
    hashes, duplicates, train, label, match, caption, backup, restore, doctor, export, import_,
    reembed, tune, move, watch, batch, completion,
):  # fmt: skip
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; end the process with 0, 1 for failure, 2 for wrong use."""
    if LISTENS_AT in os.environ:
        from api.cli.resident.resident_process import listen

        listen(run_command)
        sys.exit()
    code = run_command(list(sys.argv[1:] if arguments is None else arguments))
    leave(code, at_once=bool(_interrupted))


def run_command(given: list[str], obj: object = None) -> int:
    """Run a command; return its exit code. ``obj`` is as for ``open_container``."""
    debug = "--debug" in given
    gc.set_threshold(_OBJECTS_MADE)
    lines = logging.StreamHandler()
    lines.setFormatter(LogLines("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, handlers=[lines])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        return run(given, partial(cli.main, given, "binocle", standalone_mode=False, obj=obj))
    except click.exceptions.Abort:
        return EXIT_INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message(), err=True)
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
            return _fail(_interruption(given), EXIT_INTERRUPTED, debug)
        return _fail(str(error), _EXIT_FAILURE, debug)
    except _InterruptedError:
        return _fail(_interruption(given), EXIT_INTERRUPTED, debug)
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


def _fail(message: str, code: int, debug: bool) -> int:
    logging.getLogger(__name__).debug("failed", exc_info=debug)
    say(("" if message == STOPPED else "Error: ") + " ".join(message.split()), err=True)
    return code


class _InterruptedError(BaseException):
    """Ctrl-C or a polite kill. Not a KeyboardInterrupt, which click would swallow."""


_interrupted: list[int] = []


def _interrupt(signal_number: int, _frame: object) -> NoReturn:
    _interrupted.append(signal_number)
    raise _InterruptedError


def _interruption(arguments: Sequence[str]) -> str:
    if "lookup" in arguments and any(one.startswith("--csv") for one in arguments):
        return "interrupted; the table has what was looked up by then"
    if "index" not in arguments:
        return STOPPED if "watch" in arguments else "interrupted"
    return "interrupted; what was committed is kept, run the same command again to go on"


if __name__ == "__main__":
    main()
