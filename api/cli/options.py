"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from api.container import Container

_F = TypeVar("_F", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)
_PRECISIONS = ["auto", "float32", "bfloat16", "float16"]


def shared(command: _F) -> _F:
    """Add the options that go before or behind any command."""
    for option in (
        click.option("--debug", is_flag=True, expose_value=False, callback=_remember,
                     is_eager=True, help="Show tracebacks and what goes on inside."),
        click.option("--home", type=PATH, expose_value=False, callback=_remember,
                     help="Where collections live [BINOCLE_HOME]."),
    ):  # fmt: skip
        command = option(command)
    return command


def collection_option(command: _F) -> _F:
    """Add ``-c``: which collection."""
    return click.option(
        "-c", "--collection", default="default", show_default=True, metavar="NAME",
        help="Which collection.",
    )(command)  # fmt: skip


def limit_option(default: int, most: int, what: str) -> Callable[[_F], _F]:
    """Return what adds ``-k``: how many of something to show."""
    return click.option("-k", "--limit", default=default, show_default=True, metavar="N",
                        type=click.IntRange(1, most), help=f"How many {what}.")  # fmt: skip


def where_option(example: str = "") -> Callable[[_F], _F]:
    """Return what adds ``--where``: a filter."""
    return click.option("--where", "--filter", "where", metavar="EXPR",
                        help=f"Only records that pass{example}.")  # fmt: skip


def templates_option(purpose: str) -> Callable[[_F], _F]:
    """Return what adds ``--template``: sentences that labels are put into."""
    text = f'{purpose} as "a photo of a {{}}."; repeated ones are averaged.'
    return click.option("--template", "templates", multiple=True, metavar="TEXT", help=text)


def engine_options(command: _F) -> _F:
    """Add what the model computes with."""
    for option in (
        click.option("--precision", type=click.Choice(_PRECISIONS),
                     help="Arithmetic of the model; auto is the fastest that fits the device."),
        click.option("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1, mps."),
    ):  # fmt: skip
        command = option(command)
    return command


def table_options(command: _F) -> _F:
    """Add what a table's columns mean."""
    for option in (
        click.option("--image-root", metavar="FOLDER", type=PATH,
                     help="Where a table's relative paths start, if not beside it."),
        click.option("--text-column", "text_columns", multiple=True, metavar="COLUMN",
                     help="Of a table: texts; may be repeated."),
        click.option("--image-column", metavar="COLUMN", help="Of a table: paths of pictures."),
    ):  # fmt: skip
        command = option(command)
    return command


def json_option(command: _F) -> _F:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


def open_container(**options: object) -> "Container":
    """Return the container of the settings, of ``--home``, and of a command's own options.

    Raises:
        UsageError: A setting cannot be used.
    """
    from api.container import Container
    from api.settings import read_settings

    home = click.get_current_context().find_root().meta.get("binocle.home")
    return Container(read_settings(home=home, **options))


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> object:
    if value not in (None, False):
        context.find_root().meta[f"binocle.{parameter.name}"] = value
    return value
