"""Metadata as the catalogue keeps it: JSON that gives back what came."""

import json
import math
from collections.abc import Iterator

from binocle.errors import UsageError
from binocle.types import Metadata, Scalar


def metadata_json(metadata: Metadata) -> str:
    """Return metadata as JSON.

    Raises:
        UsageError: A number is not finite, or has more than 64 bits.
    """
    for name, value in _values(metadata):
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"the metadata field {name!r} is {value}, which JSON cannot hold")
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise UsageError(f"the metadata field {name!r} has more than 64 bits; make it a string")
    return json.dumps(dict(metadata), ensure_ascii=False)


def _values(metadata: Metadata) -> Iterator[tuple[str, Scalar]]:
    for name, value in metadata.items():
        for one in value if isinstance(value, list) else [value]:
            yield name, one
