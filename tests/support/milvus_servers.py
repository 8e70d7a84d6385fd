"""Whether the servers of Milvus are there that the tests need."""

import os
from importlib.util import find_spec

import pytest


def require_servers() -> None:
    """Skip without the servers, but fail where CI is set."""
    missing = [one for one in ("milvus", "milvus_lite", "pymilvus") if find_spec(one) is None]
    if not missing:
        return
    reason = f"no {', '.join(missing)}; try: scripts/setup test"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
