"""Whether the extra for agents is installed."""

from importlib.util import find_spec

from binocle.errors import UsageError


def check_installed() -> None:
    """Check it.

    Raises:
        UsageError: It is not.
    """
    if find_spec("mcp") is None:
        raise UsageError("tools for agents need the extra mcp; pip install 'binocle[mcp]'")
