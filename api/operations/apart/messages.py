"""What a process and its parent tell each other."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from binocle.errors import BinocleError


@dataclass(frozen=True, slots=True)
class ProgressTold:
    """How far the work is."""

    value: Any


@dataclass(frozen=True, slots=True)
class QuestionAsked:
    """What the work needs of its parent."""

    name: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """What the work, or the parent, returned."""

    value: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """What the work, or the parent, raised."""

    code: str
    detail: str

    @classmethod
    def of(cls, error: BinocleError) -> "Failed":
        """Return the message of an error."""
        return cls(error.code, str(error))

    def error(self) -> BinocleError:
        """Return the error that it tells of."""
        kinds = [BinocleError]
        for kind in kinds:
            kinds += kind.__subclasses__()
        own = next((kind for kind in kinds if vars(kind).get("code") == self.code), BinocleError)
        return own(self.detail)


Answer: TypeAlias = Done | Failed
