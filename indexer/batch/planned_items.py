"""Candidates of a source as lines of JSON, so that other machines can read their pictures."""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from binocle.errors import BinocleError
from binocle.types import Skip
from indexer.sources.base import Candidate, ImageRef, TextRef

OpenUri = Callable[[str], bytes]


def line_of(candidate: Candidate) -> str:
    """Return a candidate as a line of JSON, without its pictures' bytes."""
    return json.dumps(
        {
            "key": candidate.key,
            "fingerprint": candidate.fingerprint,
            "id": candidate.record_id,
            "uri": candidate.uri,
            "metadata": candidate.metadata,
            "otherwise": candidate.otherwise,
            "images": [
                [one.role, one.uri, one.size_bytes, one.sha256.hex(), one.is_absent]
                for one in candidate.images
            ],
            "texts": [[one.role, one.uri, one.text] for one in candidate.texts],
            "skip": candidate.skip and [candidate.skip.code, candidate.skip.message],
            "is_partial": candidate.is_partial,
        },
        separators=(",", ":"),
    )


def candidates_of(lines: Iterable[str], open_uri: OpenUri) -> list[Candidate]:
    """Return the candidates of lines.

    Args:
        lines: As of ``line_of``.
        open_uri: Returns the picture of a uri; see ``Source.open``.

    Raises:
        ValueError, KeyError, TypeError: A line is none.
    """
    return [_candidate(json.loads(line), open_uri) for line in lines if line.strip()]


def _candidate(line: dict[str, Any], open_uri: OpenUri) -> Candidate:
    return Candidate(
        line["key"],
        line["fingerprint"],
        line["id"],
        line["uri"],
        line["metadata"],
        tuple(_image(one, open_uri) for one in line["images"]),
        tuple(TextRef(*one) for one in line["texts"]),
        Skip(*line["skip"]) if line["skip"] else None,
        line["is_partial"],
        line["otherwise"],
    )


def _image(line: Sequence[Any], open_uri: OpenUri) -> ImageRef:
    role, uri, size_bytes, sha256, is_absent = line
    read = partial(_read, open_uri, uri)
    return ImageRef(role, uri, read, size_bytes, bytes.fromhex(sha256), is_absent)


def _read(open_uri: OpenUri, uri: str) -> bytes:
    try:
        return open_uri(uri)
    except BinocleError as error:
        if isinstance(error.__cause__, OSError):
            raise error.__cause__ from None
        raise FileNotFoundError(str(error)) from error
