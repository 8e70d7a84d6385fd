"""The kinds of parts: what is embedded, and found by its vector.

Whatever iterates kinds, or treats one in its own way, asks here and names none itself. To add one:
its name in ``part_kinds.Kind``, a line below, and an encoder that embeds it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

from binocle.types import Kind


@dataclass(frozen=True, slots=True)
class PartKind:
    """What sets the parts of a kind apart.

    Attributes:
        name: In the catalogue, over HTTP, and as the name of the ranking by its vectors.
        plural: What people call several.
        share: What its ranking counts for by default where words rank too, as a part of what all
            count for that are asked; measured: docs/keywords.md.
        is_picture: It has pixels, and so a fingerprint, a thumbnail, and labels of what it shows.
    """

    name: Kind
    plural: str
    share: float
    is_picture: bool = False


class PartKinds(Sequence[Kind]):
    """The names of all kinds, in the order in which they are asked and told."""

    def __init__(self, *kinds: PartKind) -> None:
        self._kinds: dict[str, PartKind] = {kind.name: kind for kind in kinds}

    @overload
    def __getitem__(self, place: int) -> Kind: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Kind]: ...
    def __getitem__(self, place: int | slice) -> Kind | Sequence[Kind]:
        """Return the name at a place."""
        return tuple(kind.name for kind in self._kinds.values())[place]

    def __len__(self) -> int:
        """Return how many kinds there are."""
        return len(self._kinds)

    def register(self, kind: PartKind) -> None:
        """Add a kind, behind the others."""
        self._kinds[kind.name] = kind

    def of(self, name: str) -> PartKind:
        """Return what is known of a kind."""
        return self._kinds[name]


IMAGE: Kind = "image"
TEXT: Kind = "text"
KINDS = PartKinds(
    PartKind(IMAGE, "pictures", share=0.2, is_picture=True), PartKind(TEXT, "texts", share=0.8)
)
