"""How many lists a search looks into, measured on a collection's own queries and kept beside it.

An inverted file recalls more with queries like its vectors than with texts that ask for pictures,
and how much it takes depends on the collection. For each of some queries the ten nearest vectors
are found by a scan; the lists they are in say how many must be looked into.
"""

import json
import logging
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from binocle.files import replacing
from binocle.types import Int64Array

_log = logging.getLogger(__name__)
RECALL_AT = 10
ENDING = ".tuned.json"


@dataclass(frozen=True, slots=True)
class TunedSearch:
    """What was chosen, and by what.

    Attributes:
        share: How much of its lists a search looks into, above 0 and at most 1.
        lists: How many there were.
        recall: recall@10 of the queries with that, 0 to 1.
        queries: How many there were.
    """

    share: float
    lists: int
    recall: float
    queries: int

    @property
    def probed(self) -> int:
        """How many lists a search looks into, of those there were."""
        return math.ceil(self.share * self.lists)

    @classmethod
    def reaching(cls, recall: float, ranks_qk: Int64Array, lists: int) -> "TunedSearch":
        """Return the fewest lists with which queries reach a recall.

        Args:
            recall: Of the ten nearest, above 0 and at most 1.
            ranks_qk: ``(q, k)`` int64, at least 1 each: of each query's nearest vectors the places
                of their lists, the nearest list first, from 0 on.
            lists: How many there are.
        """
        ranks = np.sort(ranks_qk, axis=None)
        needed = int(ranks[math.ceil(recall * len(ranks)) - 1]) + 1
        return cls(needed / lists, lists, float(np.mean(ranks < needed)), len(ranks_qk))

    @classmethod
    def read(cls, place: Path, space: str) -> "TunedSearch | None":
        """Return what was chosen; None where nothing was, or it cannot be read.

        Args:
            place: As of a store: the path of its files without endings.
            space: The fingerprint of the vectors; what was chosen for others does not hold.
        """
        path = _path(place)
        try:
            of, found = cls.parsed(path.read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            _log.warning("%s is damaged (%s): run 'binocle tune' again", path, error)
            return None
        return found if of == space else None

    @classmethod
    def parsed(cls, text: str) -> tuple[str, "TunedSearch"]:
        """Return the fingerprint of the vectors that a file is of, and what was chosen for them.

        Raises:
            ValueError: It is damaged.
        """
        try:
            told = json.loads(text)
            found = cls(
                float(told["share"]), int(told["lists"]), float(told["recall"]),
                int(told["queries"]),
            )  # fmt: skip
            if not 0 < found.share <= 1:
                raise ValueError(f"a share of {found.share}")
            return str(told["space"]), found
        except (KeyError, TypeError) as error:
            raise ValueError(f"it lacks {error}") from error

    def write(self, place: Path, space: str) -> None:
        """Keep it for the next process.

        Args:
            place: As for ``read``.
            space: Likewise.

        Raises:
            OSError: It cannot be written.
        """
        with replacing(_path(place)) as file:
            file.write(json.dumps({**asdict(self), "space": space}).encode())


def _path(place: Path) -> Path:
    return place.with_name(f"{place.name}{ENDING}")
