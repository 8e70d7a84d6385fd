"""Labelling the records of a collection: what both doors do alike."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from binocle.batches import batched
from binocle.metadata.filters import Filter
from search.labels.labeller import Labeller
from search.labels.zero_shot import Labelling, LabelSet

_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class LabelRequest:
    """Which records are labelled, and what is kept of it.

    Attributes:
        where: Only records that pass; None for all.
        limit: How many labels to give for each.
        force: Never say none of them.
        write_to: The metadata field that each record's label is stored in; None to store nothing.
        listed: How many records are listed; None for all.
    """

    where: Filter | None
    limit: int
    force: bool
    write_to: str | None
    listed: int | None = None


@dataclass(slots=True)
class LabelTally:
    """What labelling found.

    Attributes:
        items: The first of what was labelled, see ``labelling_as_json``.
        counts: How many got each label, and, as None, none of them.
        written: How many records were changed; None where nothing was to be written.
    """

    items: list[dict[str, object]] = field(default_factory=list)
    counts: Counter[str | None] = field(default_factory=Counter)
    written: int | None = None

    def by_count(self) -> list[tuple[str | None, int]]:
        """Return labels and how many got each, most first; None for none of them."""
        return sorted(self.counts.items(), key=lambda pair: (-pair[1], pair[0] or ""))

    def as_json(self) -> dict[str, object]:
        """Return the JSON object that both doors give."""
        return {
            "items": self.items,
            "counts": {name: count for name, count in self.by_count() if name is not None},
            "none": self.counts[None],
            "written": self.written,
        }


def label_records(
    labeller: Labeller,
    label_set: LabelSet,
    request: LabelRequest,
    on_page: Callable[[int], None] = lambda _count: None,
) -> LabelTally:
    """Label records, and write the labels as they come.

    Args:
        labeller: Of the collection.
        label_set: The labels.
        request: Which records, and what is kept.
        on_page: Told how many more are done; what it raises ends the run.
    """
    tally = LabelTally(written=None if request.write_to is None else 0)
    labelled = labeller.label_records(
        label_set, where=request.where, limit=request.limit, force=request.force
    )
    for page in batched(labelled, _AT_ONCE):
        tally.counts.update(one.labelling.best for one in page)
        room = None if request.listed is None else max(0, request.listed - len(tally.items))
        tally.items += [labelling_as_json(one.record.id, one.labelling) for one in page[:room]]
        if request.write_to is not None:
            tally.written = (tally.written or 0) + labeller.write(page, request.write_to)
        on_page(len(page))
    return tally


def labelling_as_json(name: str | None, labelling: Labelling) -> dict[str, object]:
    """Return the labels of a record, or of a picture brought along, as a JSON object."""
    return {
        "id": name,
        "label": labelling.best,
        "labels": [{"label": label, "probability": value} for label, value in labelling.labels],
        "none": labelling.none,
    }
