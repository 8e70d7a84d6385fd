"""Options that several commands share."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from api.container import Container

_F = TypeVar("_F", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)


class _PathOrAddress(click.Path):
    """A path; or an address with a scheme, which stays text, since paths have no ``//``."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        if isinstance(value, str) and _ADDRESS.match(value):
            return value
        return super().convert(value, param, ctx)


_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
PATH_OR_ADDRESS = _PathOrAddress(path_type=Path)


def options(*added: Callable[[Any], Any]) -> Callable[[_F], _F]:
    """Return what adds several options, the first of them first in the help."""

    def add(command: _F) -> _F:
        for option in reversed(added):
            command = option(command)
        return command

    return add


def limit_option(default: int, most: int, what: str) -> Callable[[_F], _F]:
    """Return what adds ``-k``: how many of something to show; many type ``-n``."""
    return click.option("-k", "-n", "--limit", default=default, show_default=True, metavar="N",
                        type=click.IntRange(1, most), help=f"How many {what}.")  # fmt: skip


def where_option(example: str = "") -> Callable[[_F], _F]:
    """Return what adds ``--where``: a filter."""
    return click.option("--where", "--filter", "where", metavar="EXPR",
                        help=f"Only records that pass{example}.")  # fmt: skip


def templates_option(purpose: str) -> Callable[[_F], _F]:
    """Return what adds ``--template``: sentences that labels are put into."""
    text = f'{purpose} as "a photo of a {{}}."; repeated ones are averaged.'
    return click.option("--template", "templates", multiple=True, metavar="TEXT", help=text)


def open_container(**options: object) -> "Container":
    """Return the container of the settings, of ``--home``, and of a command's own options.

    Whoever runs commands in a process of its own may give a container's other arguments as
    click's ``obj``.

    Raises:
        UsageError: A setting cannot be used.
    """
    from api.container import Container
    from api.settings import read_settings

    root = click.get_current_context().find_root()
    settings = read_settings(home=root.meta.get("binocle.home"), **options)
    return Container(settings, **(root.obj or {}))


def collection_names(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[str]:
    """Return the collections whose names begin with what was typed, by their folders alone."""
    from api.aliases import Aliases
    from binocle.errors import BinocleError

    home = home_of(context.find_root())
    try:
        names = [one.name for one in os.scandir(home / "collections") if one.is_dir()]
        names += Aliases(home).all()
    except (OSError, BinocleError):  # there are none yet, or nobody can tell
        return []
    return sorted(one for one in names if one.startswith(incomplete) and one[0] != ".")


def home_of(root: click.Context) -> Path:
    """Return where collections live, of ``--home`` or the environment, before settings are read."""
    from platformdirs import user_data_path

    given = root.meta.get("binocle.home") or os.environ.get("BINOCLE_HOME")
    return Path(given).expanduser() if given else user_data_path("binocle", appauthor=False)


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> object:
    if value not in (None, False):
        context.find_root().meta[f"binocle.{parameter.name}"] = value
    return value


# What goes before or behind any command.
shared = options(
    click.option("--home", type=PATH, expose_value=False, callback=_remember,
                 help="Where collections live [BINOCLE_HOME]."),
    click.option("--debug", is_flag=True, expose_value=False, callback=_remember,
                 is_eager=True, help="Show tracebacks and what goes on inside."),
)  # fmt: skip
collection_option = click.option("-c", "--collection", default="default", show_default=True,
                                 metavar="NAME", help="Which collection.",
                                 shell_complete=collection_names)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
device_option = click.option("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1, mps.")
workers_option = click.option("--workers", type=click.IntRange(1, 256), metavar="N",
                              help="Pictures decoded at once.")  # fmt: skip
# What the model computes with.
engine_options = options(
    device_option,
    click.option("--precision", type=click.Choice(["auto", "float32", "bfloat16", "float16"]),
                 help="Arithmetic of the model; auto is the fastest that fits the device."),
)  # fmt: skip
max_pixels_option = click.option("--max-pixels", type=click.IntRange(1), metavar="N",
                                 help="Skip pictures with more pixels.")  # fmt: skip
exclude_option = click.option(
    "--exclude", multiple=True, metavar="GLOB",
    help="Leave out of folders and archives, as in .gitignore; may be repeated.",
)  # fmt: skip
# What a table's columns mean.
table_options = options(
    click.option("--image-column", metavar="COLUMN", help="Of a table: paths of pictures."),
    click.option("--text-column", "text_columns", multiple=True, metavar="COLUMN",
                 help="Of a table: texts; may be repeated."),
    click.option("--image-root", metavar="FOLDER", type=PATH,
                 help="Where a table's relative paths start, if not beside it."),
)  # fmt: skip
