from contextlib import nullcontext

import psycopg
import pytest

from binocle.errors import UnreachableError
from binocle.vectors.engines.pgvector.extension import check_extension


class OldServer:
    """Says that its pgvector is of a version."""

    def __init__(self, version: str | None) -> None:
        self._version = version

    def execute(self, query: str) -> "OldServer":
        if query.startswith("CREATE"):
            raise psycopg.errors.FeatureNotSupported
        return self

    def fetchone(self) -> tuple[str] | None:
        return (self._version,) if self._version else None


@pytest.mark.parametrize(
    ("version", "said"),
    [("0.4.4", "0.8 or newer"), ("0.7.4", "0.8 or newer"), (None, "install it"), ("0.8.0", None),
     ("0.10.1", None), ("1.0", None)],
)  # fmt: skip
def test_pgvector_that_is_too_old_is_refused(version: str | None, said: str | None) -> None:
    refused = pytest.raises(UnreachableError, match=said) if said else nullcontext()
    with refused:
        check_extension(OldServer(version), "the vectors")  # type: ignore[arg-type]
