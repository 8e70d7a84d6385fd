"""Pictures that are the same: one to keep, and what the others are of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from binocle.catalog.types import KnownPicture
from binocle.types import Part
from search.copies.keep_choice import Comparing, Pair, choice_of, judgement_of
from search.copies.union_find import LARGE, UnionFind
from search.copies.verdicts import Judgement, Verdict

_SAME_FILE = "the same file"


@dataclass(frozen=True, slots=True)
class Member:
    """A picture of a cluster.

    Attributes:
        record_id: The id of its record.
        part: The picture.
        width: Pixels, upright.
        height: Pixels, upright.
        size_bytes: Length of the file.
        verdict: What it is of the one to keep: ``same-file``, which that one itself is too,
            ``same-pixels``, ``near-duplicate``, ``mirrored`` or ``rotated``.
        confidence: Of the verdict, 0 to 1.
        why: Why it is not kept, such as ``has a border``; of the one to keep, what it is instead.
    """

    record_id: str
    part: Part
    width: int
    height: int
    size_bytes: int
    verdict: Verdict
    confidence: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Pictures that are the same.

    Attributes:
        keep: The one to keep, see ``search.copies.keep_choice``.
        others: The rest, surest first.
    """

    keep: Member
    others: tuple[Member, ...]

    @property
    def spare(self) -> tuple[Member, ...]:
        """Those of the others whose files can go: each file once, and not the file that is kept.

        Records may share a file, as rows of a table and a folder indexed beside it do.
        """
        files = {self.keep.part.uri}
        found = []
        for one in self.others:
            if one.part.uri not in files:
                files.add(one.part.uri)
                found.append(one)
        return tuple(found)


def clusters_of(
    groups: UnionFind,
    pictures: Mapping[int, KnownPicture],
    judgements: Mapping[Pair, Judgement],
    keys: Mapping[int, str],
    comparing: Comparing,
) -> list[Cluster]:
    """Return the clusters, largest first.

    Args:
        groups: Which pictures belong together, by part id.
        pictures: Of all of them.
        judgements: What was found of pairs, lower part id first.
        keys: The ids of the records that are still there, by their numbers.
        comparing: Looks at members.
    """
    within: dict[int, dict[Pair, Judgement]] = {}
    for pair, judgement in judgements.items():
        within.setdefault(groups.first_of(pair[0]), {})[pair] = judgement
    clusters = []
    for every in groups.clusters():
        members = [pictures[one] for one in every if pictures[one].record_id in keys]
        if len(members) > 1:  # the others were not removed meanwhile
            known = within.get(groups.first_of(every[0]), {})
            clusters.append(_cluster(members, known, keys, comparing))
    return sorted(clusters, key=lambda one: (-len(one.others), one.keep.part.id))


def _cluster(
    members: Sequence[KnownPicture],
    judgements: Mapping[Pair, Judgement],
    keys: Mapping[int, str],
    comparing: Comparing,
) -> Cluster:
    pictures = {one.part.id: one for one in members}
    firsts: dict[bytes, int] = {}  # of each content
    for one in members:
        firsts.setdefault(one.sha256, one.part.id)
    choice = choice_of(list(firsts.values()), pictures, judgements, comparing)
    best = choice.keep
    how = comparing if len(firsts) <= LARGE else replace(comparing, verify=lambda _: None)
    found = {
        content: judgement_of(best, first, pictures, judgements, how)
        for content, first in firsts.items()
    }
    rest = [
        _member(one, keys, found[one.sha256], choice.reasons.get(firsts[one.sha256], _SAME_FILE))
        for one in members
        if one.part.id != best
    ]
    rest.sort(key=lambda one: (-one.confidence, one.part.id))
    reasons = Counter(one.why for one in rest)
    why = "; ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    keep = _member(pictures[best], keys, Judgement("same-file", 1.0), f"of the others {why}")
    return Cluster(keep, tuple(rest))


def _member(
    picture: KnownPicture, keys: Mapping[int, str], judgement: Judgement, why: str
) -> Member:
    info = picture.info
    return Member(
        keys[picture.record_id],
        picture.part,
        width=info.width,
        height=info.height,
        size_bytes=info.size_bytes,
        verdict=judgement.verdict,
        confidence=judgement.confidence,
        why=why,
    )
