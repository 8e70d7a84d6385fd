"""What a picture is of each stored one that it was held against, surest first."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from binocle.catalog.types import KnownPicture
from binocle.fingerprints.pdq import MATCHING_BITS
from binocle.fingerprints.verified_match import VerifiedMatch
from binocle.types import Part, Record
from search.copies.candidates import CopyCandidate
from search.copies.hash_lists.hash_list import ListedMatch, confidence_of
from search.copies.verdicts import (
    COPIES,
    WHOLE,
    Judgement,
    Verdict,
    is_copy,
    is_variant,
    judged,
    judged_variant,
    truest,
)

_SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@dataclass(frozen=True, slots=True)
class LookupCandidate:
    """A record that the picture was held against.

    Attributes:
        record: The record.
        part: The picture of it.
        judgement: What the query is of it.
        similarity: Cosine of the embeddings, -1 to 1; None where it was not compared.
        hash_distance: Differing bits of 256 in the best form; None beyond 90.
    """

    record: Record
    part: Part
    judgement: Judgement
    similarity: float | None = None
    hash_distance: int | None = None


@dataclass(frozen=True, slots=True)
class LookupAnswer:
    """What is known of a picture.

    Attributes:
        verdict: That of the best candidate; ``none`` without one. ``hash-match`` where it is no
            copy, and a list has a hash near its own.
        candidates: Surest first.
        verified: How many stored pictures were read and compared.
        unprepared: How many pictures could not be found by hash or features, because they were
            indexed before there were any; ``binocle index`` fills them in.
        took_ms: Milliseconds by stage, and in total.
        unreadable: How many stored pictures were to be compared and could not be read: their
            files were moved, removed or changed.
        moment: Of an animation, which of its pictures this is about: 0 the first, 1 the last.
        listed: What of lists of hashes is near the picture's, nearest first.
    """

    verdict: Verdict
    candidates: tuple[LookupCandidate, ...]
    verified: int
    unprepared: int
    took_ms: dict[str, float]
    unreadable: int = 0
    moment: float = 0.0
    listed: tuple[ListedMatch, ...] = ()

    @property
    def judgements(self) -> tuple[Judgement, ...]:
        """What the picture is of each candidate, and of what is listed."""
        known = (one.judgement for one in self.candidates)
        return (*known, *(one.judgement for one in self.listed))

    def with_listed(self, listed: tuple[ListedMatch, ...]) -> "LookupAnswer":
        """Return the same with what lists have of it: the verdict, unless a copy was verified."""
        is_copy_known = not listed or self.verdict in COPIES
        verdict = self.verdict if is_copy_known else listed[0].judgement.verdict
        return replace(self, verdict=verdict, listed=listed)


@dataclass(slots=True)
class Findings:
    """What was verified, by part id.

    Attributes:
        copies: What the query was made from, or was made from it.
        variants: What stands on the same template and shows something else.
    """

    copies: dict[int, VerifiedMatch] = field(default_factory=dict)
    variants: dict[int, VerifiedMatch] = field(default_factory=dict)

    def add(self, part_id: int, match: VerifiedMatch | None) -> None:
        """Take in what was verified, if anything."""
        if match is not None and is_copy(match):
            self.copies[part_id] = match
        elif match is not None and is_variant(match):
            self.variants[part_id] = match

    def keep_truest(self) -> None:
        """Make variants of the copies that another one explains better."""
        kept = truest(self.copies)
        self.variants |= {one: self.copies[one] for one in self.copies if one not in kept}
        self.copies = kept


def judgements_of(
    same: Sequence[int],
    found: Mapping[int, VerifiedMatch],
    identical: Collection[int],
    variants: Mapping[int, VerifiedMatch],
    suspects: Mapping[int, CopyCandidate],
    unread: Collection[int] = (),
) -> dict[int, Judgement]:
    """Return what the picture is of each stored one, by part id.

    Args:
        same: The part ids of those with the same bytes.
        found: The copies that were verified, by part id.
        identical: Those of them with the same pixels.
        variants: Those on the same template that show something else, by part id.
        suspects: The short list, by part id; of the rest of it those that are similar count.
        unread: Those of it that could not be read; where their hash is near, that is said.
    """
    judgements = {one: _the_same("same-file") for one in same}
    for part_id, match in found.items():
        is_identical = part_id in identical
        judgements.setdefault(part_id, _the_same("same-pixels") if is_identical else judged(match))
    for part_id, match in variants.items():
        judgements.setdefault(part_id, judged_variant(match))
    for suspect in suspects.values():
        bits = suspect.bits
        is_whole = suspect.tile is None and not suspect.is_inverted
        if suspect.part_id in unread and is_whole and bits is not None and bits <= MATCHING_BITS:
            judged_by_hash = Judgement("hash-match", confidence_of(bits))
            judgements.setdefault(suspect.part_id, judged_by_hash)
        if suspect.similarity is not None:
            confidence = round(0.49 * max(0.0, suspect.similarity), 4)
            judgements.setdefault(suspect.part_id, Judgement("similar", confidence))
    return judgements


def ranked_candidates(
    judgements: Mapping[int, Judgement],
    pictures: Mapping[int, KnownPicture],
    records: Mapping[int, Record],
    suspects: Mapping[int, CopyCandidate],
) -> list[LookupCandidate]:
    """Return the candidates, surest first.

    Args:
        judgements: What the picture is of each, by part id.
        pictures: The stored pictures, by part id.
        records: Those that have them, by their numbers.
        suspects: The short list, by part id.
    """
    candidates = []
    for part_id, picture in pictures.items():
        known = suspects.get(part_id) or CopyCandidate(part_id)
        candidates.append(
            LookupCandidate(
                records[picture.record_id],
                picture.part,
                judgements[part_id],
                similarity=known.similarity,
                hash_distance=known.bits,
            )
        )
    return sorted(candidates, key=_order)


def _the_same(verdict: Verdict) -> Judgement:
    return Judgement(verdict, 1.0, WHOLE, WHOLE, _SQUARE)


def _order(candidate: LookupCandidate) -> tuple[int, float, int]:
    """Sort the same file and pixels first, copies, variants, the similar, each surest first."""
    verdict = candidate.judgement.verdict
    places = {"same-file": 0, "same-pixels": 1, "hash-match": 3, "variant": 4}
    place = places.get(verdict, 2 if verdict in COPIES else 5)
    return place, -candidate.judgement.confidence, candidate.part.id
