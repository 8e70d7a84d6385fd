"""What stands among several things of a request and is none of them: it costs only itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError, ValidatorFunctionWrapHandler


@dataclass(frozen=True, slots=True)
class Misfit:
    """What has another shape than it should.

    Attributes:
        document: As it came.
        errors: What pydantic says of it.
    """

    document: object
    errors: Sequence[Mapping[str, Any]]


def or_misfit(document: object, parse: ValidatorFunctionWrapHandler) -> object:
    """Keep what is wrong with one of several from refusing the others; a pydantic validator."""
    try:
        return parse(document)
    except ValidationError as error:
        return Misfit(document, error.errors())
