"""The names of the kinds of parts; ``media.kinds`` says what sets them apart."""

from typing import Literal, TypeAlias, get_args

Kind: TypeAlias = Literal["image", "text"]
RankingName: TypeAlias = Literal[Kind, "keyword"]
KIND_NAMES: tuple[Kind, ...] = get_args(Kind)
"""In the order in which they are asked and told, for who can do without numpy."""
