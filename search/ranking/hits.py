"""From rows of a listing to hits: records as they are now, with what each ranking said."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from binocle.catalog.base import CatalogReader
from binocle.collection.collection import Collection
from binocle.types import Contribution, Hit, Int64Array, Kind, Part, Record
from search.ranking.demands import LACKING
from search.ranking.part_rows import rows_of_parts
from search.ranking.result_list import ResultList, Row


@dataclass(frozen=True, slots=True)
class Page:
    """Some hits, and where the next ones begin.

    Attributes:
        hits: In the listing's order.
        place: How many rows of the listing were used up with them.
        last: Internal id of the last record shown; -1 for none.
        ends: As ``place`` and ``last``, behind each hit.
    """

    hits: tuple[Hit, ...]
    place: int
    last: int
    ends: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """A row whose record is still there."""

    row: Row
    record: Record
    part: Part


class HitBuilder:
    """Reads records for rows and makes hits of them. Thread-safe."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    def pages(self, wanted: Sequence[tuple[ResultList, int, int]]) -> list[Page]:
        """Return pages of listings, reading all their records at once.

        Records that were removed meanwhile are passed over; those that were changed are shown
        as they are now.

        Args:
            wanted: Of each a listing, the place to begin at, and how many hits, fewer only at the
                listing's end.
        """
        found: list[list[_Found]] = [[] for _ in wanted]
        ends: list[list[tuple[int, int]]] = [[] for _ in wanted]
        places = [place for _, place, _ in wanted]
        unfinished = list(range(len(wanted)))
        while unfinished:
            chunks = [
                wanted[number][0].rows(places[number], wanted[number][2] - len(found[number]))
                for number in unfinished
            ]
            kinds = [wanted[number][0].plan.kinds for number in unfinished]
            for number, rows in zip(unfinished, self._read(chunks, kinds), strict=True):
                found[number] += [one for one in rows if one is not None]
                ends[number] += [
                    (end, one.row.record_id)
                    for end, one in enumerate(rows, places[number] + 1)
                    if one is not None
                ]
                places[number] += len(rows)
            unfinished = [
                number
                for number, rows in zip(unfinished, chunks, strict=True)
                if rows and len(found[number]) < wanted[number][2]
            ]
        return [
            self._page(listing, shown, tuple(until), place)
            for (listing, _, _), shown, until, place in zip(
                wanted, found, ends, places, strict=True
            )
        ]

    def _page(
        self,
        listing: ResultList,
        found: Sequence[_Found],
        ends: tuple[tuple[int, int], ...],
        place: int,
    ) -> Page:
        hits = self._hits(listing, found)
        if listing.counted.groups is not None:
            hits = self._grouped(listing, found, hits)
        return Page(tuple(hits), place, ends[-1][1] if ends else -1, ends)

    def _read(
        self, chunks: Sequence[Sequence[Row]], kinds: Sequence[Sequence[Kind]]
    ) -> list[list[_Found | None]]:
        """Return rows with their records as they are now; None where one is gone."""
        rows = [row for chunk in chunks for row in chunk]
        preferred = [seen for chunk, seen in zip(chunks, kinds, strict=True) for _ in chunk]
        found: list[_Found | None] = []
        with self._collection.reading() as session:
            wanted = _part_ids(session, rows)
            numbers = [row.record_id for row in rows]
            records = session.records.by_number(numbers)
            parts = session.parts.of_records(dict.fromkeys(numbers))
        for row, part_id, kinds_seen in zip(rows, wanted, preferred, strict=True):
            record, own = records.get(row.record_id), parts.get(row.record_id, ())
            part = next((one for one in own if one.id == part_id), None)
            part = part or _preferred(own, kinds_seen)  # it changed since, or words found it
            if record is None or part is None:
                found.append(None)
            else:
                whole = Record(record.id, record.uri, record.metadata, own)
                found.append(_Found(row, whole, part))
        each = iter(found)
        return [list(islice(each, len(chunk))) for chunk in chunks]

    def _hits(self, listing: ResultList, found: Sequence[_Found]) -> list[Hit]:
        contributions = [one.row.ranked.fused.contributions(one.row.place) for one in found]
        cosines = self._cosines(listing, found, contributions)
        relevances = _relevances(listing, found, contributions, cosines)
        return [
            Hit(
                record=one.record,
                part=one.part,
                score=float(one.row.ranked.fused.scores[one.row.place]),
                similarity=cosine,
                relevance=relevance,
                contributions=said,
            )
            for one, cosine, relevance, said in zip(
                found, cosines, relevances, contributions, strict=True
            )
        ]

    def _cosines(
        self,
        listing: ResultList,
        found: Sequence[_Found],
        contributions: Sequence[Sequence[Contribution]],
    ) -> list[float]:
        """Return the cosine of the query and each part, 0 where none was asked."""
        cosines = [0.0] * len(found)
        for kind, scorer in listing.scorers.items():
            places = []
            for place, (one, said) in enumerate(zip(found, contributions, strict=True)):
                if one.part.kind != kind:
                    continue
                own = [each.score for each in said if each.ranking == kind]
                if own and one.part.id == one.row.part_id and scorer.scores_are_cosines:
                    cosines[place] = own[0]
                else:
                    places.append(place)
            if places:
                ids = np.array([found[place].part.id for place in places], np.int64)
                rows = rows_of_parts(self._collection, listing.plan.snapshot, kind, ids)
                changed = ~rows.any(axis=1)
                if changed.any():  # parts that came since
                    rows[changed] = rows_of_parts(self._collection, None, kind, ids[changed])
                for place, cosine in zip(
                    places, scorer.query_vector.similarities(rows), strict=True
                ):
                    cosines[place] = float(cosine)
        return cosines

    def _grouped(
        self, listing: ResultList, found: Sequence[_Found], hits: Sequence[Hit]
    ) -> list[Hit]:
        """Return the heads of groups with the others that are shown beside them."""
        groups, whole = listing.counted.groups, listing.counted.whole
        wanted = listing.plan.query.group
        assert groups is not None
        assert whole is not None
        assert wanted is not None
        # the rows of such a listing are its groups
        shown = [groups.members(one.row.place)[1 : wanted.size] for one in found]
        rows = [[Row(whole, int(place)) for place in places] for places in shown]
        read = self._read(rows, [listing.plan.kinds] * len(rows))
        grouped = []
        for one, hit, members in zip(found, hits, read, strict=True):
            others = [other for other in members if other is not None]
            grouped.append(
                replace(
                    hit,
                    group_value=_group_value(one.record, wanted.field),
                    group_size=int(groups.sizes[one.row.place]),
                    others=tuple(self._hits(listing, others)),
                )
            )
        return grouped


def _part_ids(session: CatalogReader, rows: Sequence[Row]) -> list[int]:
    """Return the part of each row, looking up those that only words found."""
    found = [row.part_id for row in rows]
    lost = [number for number, one in enumerate(found) if one < 0]
    lost = [number for number in lost if rows[number].ranked.keywords is not None]
    if lost:
        records = np.array([rows[number].record_id for number in lost], np.int64)
        parts = session.parts.at(records, _positions([rows[number] for number in lost]))
        for number, part in zip(lost, parts.tolist(), strict=True):
            found[number] = part
    return found


def _positions(rows: Sequence[Row]) -> Int64Array:
    """Return which of its record's parts has the words of each row; -1 where none is known."""
    positions = np.full(len(rows), -1, np.int64)
    together: dict[int, list[int]] = {}
    for place, row in enumerate(rows):
        together.setdefault(id(row.ranked), []).append(place)
    for places in together.values():
        words = rows[places[0]].ranked.keywords
        assert words is not None
        if not len(words.record_ids):
            continue
        order = np.argsort(words.record_ids)
        wanted = np.array([rows[place].record_id for place in places], np.int64)
        near = np.searchsorted(words.record_ids, wanted, sorter=order)
        at = order[np.minimum(near, len(order) - 1)]
        found = words.record_ids[at] == wanted
        positions[np.array(places)[found]] = words.positions[at[found]]
    return positions


def _preferred(parts: Sequence[Part], kinds: Sequence[Kind]) -> Part | None:
    """Return the first part of the kinds looked at, else the first one."""
    wanted = [part for part in parts if part.kind in kinds] or list(parts)
    return wanted[0] if wanted else None


def _relevances(
    listing: ResultList,
    found: Sequence[_Found],
    contributions: Sequence[Sequence[Contribution]],
    cosines: Sequence[float],
) -> list[float | None]:
    """Return how likely each hit is what was asked for: the best that any ranking says."""
    scorers = listing.scorers
    if scorers and all(scorer.score_model is None for scorer in scorers.values()):
        return [None] * len(found)  # a figure for what words found alone would mislead
    best = _relevances_of_words([one.row for one in found])
    score_models = (
        found[0].row.ranked.score_models if found else {}
    )  # the same however deep it was ranked
    for kind, score_model in score_models.items():
        if score_model is None:
            continue
        scores = np.full(len(found), np.nan)
        for place, (one, said) in enumerate(zip(found, contributions, strict=True)):
            own = [each.score for each in said if each.ranking == kind]
            if own:
                scores[place] = own[0]
            elif one.part.kind == kind:
                scores[place] = cosines[place]
        for place, chance in enumerate(score_model.relevance(scores).tolist()):
            if not math.isnan(chance):
                best[place] = max(best[place] or 0.0, chance)
    demands = found[0].row.ranked.demands if found else None
    if demands is not None:
        has = demands.has(np.array([one.row.record_id for one in found], np.int64))
        each = zip(best, has.tolist(), strict=True)
        return [one if kept or not one else LACKING * one for one, kept in each]
    return best


def _relevances_of_words(rows: Sequence[Row]) -> list[float | None]:
    """Return what words say of each row; None where none were found in it."""
    said: list[float | None] = [None] * len(rows)
    for place, row in enumerate(rows):
        fused = row.ranked.fused
        for number, ranking in enumerate(fused.rankings):
            rank = int(fused.places[row.place, number])
            if ranking.chances is not None and rank and not ranking.is_partial:
                said[place] = float(ranking.chances[rank - 1])
    return said


def _group_value(record: Record, field: str) -> str | float | bool | None:
    value = record.uri if field == "uri" else record.metadata.get(field)
    if isinstance(value, list):
        return value[0] if len(value) == 1 else None
    return value
