"""What was wrong with some of several pictures, and the exit code that says so."""

import sys
from collections.abc import Sequence

from api.terminal import say


def end_with_errors(errors: Sequence[str]) -> None:
    """Say what was wrong with some of the pictures, a line each, and end with 1 if anything was."""
    for one in errors:
        say(f"Error: {' '.join(one.split())}", err=True)
    if errors:
        sys.exit(1)
