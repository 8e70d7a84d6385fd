"""``binocle completion``: what a shell sources to complete commands, options and collections."""

import click

from api.cli.options import shared
from api.terminal import say

_SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_BINOCLE_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@shared
def completion(shell: str) -> None:
    """Print what makes a SHELL complete commands, options and collections.

    \b
    binocle completion bash > ~/.local/share/bash-completion/completions/binocle
    binocle completion zsh > "${fpath[1]}/_binocle"
    binocle completion fish > ~/.config/fish/completions/binocle.fish
    """
    from click.shell_completion import get_completion_class

    group = click.get_current_context().find_root().command
    completer = get_completion_class(shell)
    assert completer is not None  # click has all of these shells
    say(completer(group, {}, "binocle", _VARIABLE).source())
