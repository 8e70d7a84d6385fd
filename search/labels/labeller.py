"""Labels, match scores and captions in a collection, from the vectors it has."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from binocle.catalog.base import CatalogReader
from binocle.collection.collection import Collection, check_space
from binocle.encoders.base import Encoder
from binocle.errors import QueryError, UsageError
from binocle.media.kinds import IMAGE, TEXT
from binocle.metadata.filters import Filter
from binocle.types import Float32Array, Record
from search.labels.zero_shot import TEMPLATES, Labelling, LabelSet
from search.query.spellings import checked_filter
from search.relevance.background_texts import background_texts
from search.relevance.calibrator import Relevance

_WRITTEN_AT_ONCE = 500
_MATCH = ("{}",)
_OF_PICTURES = frozenset(
    ("width", "height", "bytes", "format", "taken_at", "camera", "latitude", "longitude",
     "altitude", "location", "folder", "filename", "sha256")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LabelledRecord:
    """A record and its labels."""

    record: Record
    labelling: Labelling


@dataclass(frozen=True, slots=True)
class TextMatch:
    """How well a text and a picture go together.

    Attributes:
        similarity: Their cosine, -1 to 1.
        probability: How likely the text is what the picture shows, 0 to 1, rather than one of
            the background texts.
        relevance: How relevant the picture would be as a hit for the text in the collection, 0 to
            1; None where the collection is not calibrated, or none was asked.
    """

    similarity: float
    probability: float
    relevance: float | None = None


class Labeller:
    """Labels the pictures of a collection, and pictures brought along. Thread-safe."""

    def __init__(
        self, collection: Collection, load_encoder: Callable[[], Encoder], relevance: Relevance
    ) -> None:
        """Set up; nothing is loaded yet.

        Args:
            collection: Whose space labels are embedded in, and whose records are labelled.
            load_encoder: Returns the collection's encoder.
            relevance: The calibration of the collection, which its searcher has too.
        """
        self._collection, self._load_encoder = collection, load_encoder
        self.relevance = relevance

    def label_set(self, names: Sequence[str], templates: Sequence[str] = TEMPLATES) -> LabelSet:
        """Embed labels.

        Args:
            names: Labels as words.
            templates: Sentences with ``{}`` where the label goes.

        Raises:
            UsageError: There are no labels, too many, or a template has no ``{}``.
            QueryError: The collection is empty.
            ModelError, SpaceMismatchError: The encoder cannot be had, or does not fit.
        """
        background = self.relevance.background.rows()
        encoder, space = self._load_encoder(), self._collection.space
        assert space is not None
        check_space(space, encoder.space, self._collection.path.name)
        return LabelSet.of(names, encoder, background, templates)

    def label_records(
        self,
        label_set: LabelSet,
        *,
        where: Filter | None = None,
        limit: int = 5,
        force: bool = False,
    ) -> Iterator[LabelledRecord]:
        """Label every record by its first picture, from the vectors in the catalogue.

        Args:
            label_set: From ``label_set``.
            where: Only records that pass.
            limit: How many labels to give for each.
            force: Never say none of them.

        Yields:
            Records with a picture, in the order they were stored.
        """
        space = self._collection.space
        assert space is not None
        seen = np.empty(0, np.int64)
        meant = checked_filter(self._collection, where)
        with self._collection.reading() as session:
            wanted = None if meant is None else session.records.matching(meant)
            for new in session.parts.after(IMAGE, 0, space.dimension):
                numbers, first = np.unique(new.record_ids, return_index=True)
                kept = ~np.isin(numbers, seen)
                if wanted is not None:
                    kept &= np.isin(numbers, wanted)
                numbers, first = numbers[kept], first[kept]
                seen = np.union1d(seen, numbers)
                records = session.records.by_number(numbers.tolist())
                labellings = label_set.label(new.rows[first], limit=limit, force=force)
                for number, labelling in zip(numbers.tolist(), labellings, strict=True):
                    if number in records:
                        yield LabelledRecord(records[number], labelling)

    def write(self, labelled: Sequence[LabelledRecord], field: str) -> int:
        """Store each record's best label as metadata, so that it can be filtered and counted.

        A record that none of the labels fits loses the field. A run over a changed source writes
        the source's metadata, without labels.

        Args:
            labelled: Records and their labels.
            field: The name of the metadata field.

        Returns:
            How many records were changed.

        Raises:
            UsageError: The field cannot be stored, or is not for labels: see ``check_field``.
        """
        self.check_field(field)
        changed = 0
        for start in range(0, len(labelled), _WRITTEN_AT_ONCE):
            changes = {
                one.record.id: {field: one.labelling.best}
                for one in labelled[start : start + _WRITTEN_AT_ONCE]
                if one.record.metadata.get(field) != one.labelling.best
            }
            if changes:
                with self._collection.writing() as session:
                    _check_free(session, field)
                    session.labels.claim(field)
                    changed += session.records.patch(changes)
                    session.labels.note(field, changes)
        return changed

    def check_field(self, field: str) -> None:
        """Refuse a field that holds anything but labels, before records are labelled for it.

        Raises:
            UsageError: Its name is empty or that of a fact of pictures, or records have it from
                elsewhere.
        """
        if not field.strip():
            raise UsageError("the name of the field to write labels to is empty")
        with self._collection.reading() as session:
            _check_free(session, field)

    def match(self, text: str, image: Float32Array) -> TextMatch:
        """Tell how well a text and a picture go together.

        Args:
            text: Words.
            image: ``(d,)`` float32 unit row of the picture.

        Raises:
            QueryError: The text or the collection is empty.
        """
        check_text(text)
        label_set = self.label_set([text], _MATCH)
        found = match(label_set, image)
        score_model = self.relevance.score_models(IMAGE, [TEXT], label_set.rows_kd)[0]
        if score_model is None:
            return found
        relevance = float(score_model.relevance(found.similarity))
        return TextMatch(found.similarity, found.probability, relevance)


def _check_free(session: CatalogReader, field: str) -> None:
    if field in _OF_PICTURES:
        raise UsageError(
            f"the field {field!r} is for facts of pictures; write the labels to another name"
        )
    if not session.labels.is_free(field):
        raise UsageError(
            f"records have the field {field!r} already, and not from labelling, which would "
            "replace its values; write the labels to another name"
        )


class TextMatcher:
    """Tells how well texts and pictures go together in a model's space, without a collection."""

    def __init__(self, encoder: Encoder) -> None:
        """Embed what texts are compared with.

        Args:
            encoder: Embeds the texts, and has embedded the pictures.

        Raises:
            ModelError: It cannot embed texts.
        """
        self._encoder = encoder
        self._background = encoder.encode_texts(background_texts())

    def match(self, text: str, image: Float32Array) -> TextMatch:
        """Tell how well a text and a picture go together.

        Args:
            text: Words.
            image: ``(d,)`` float32 unit row of the picture.

        Returns:
            As ``Labeller.match`` does in a collection of this model, but no relevance.

        Raises:
            QueryError: The text is empty.
        """
        check_text(text)
        return match(LabelSet.of([text], self._encoder, self._background, _MATCH), image)


def check_text(text: str) -> None:
    """Refuse an empty text, before a picture is embedded for it.

    Raises:
        QueryError: It is.
    """
    if not text.strip():
        raise QueryError("the text to match is empty")


def match(label_set: LabelSet, image: Float32Array) -> TextMatch:
    """Tell how well the only label of a set and a picture go together.

    Args:
        label_set: With one label, a text as it is.
        image: ``(d,)`` float32 unit row.
    """
    similarity = float(label_set.rows_kd[0].astype(np.float64) @ image.astype(np.float64))
    return TextMatch(similarity, float(label_set.probabilities(image[np.newaxis])[0, 0]))


def check_texts(collection: Collection) -> None:
    """Refuse to look for captions where there are no texts.

    Raises:
        QueryError: There are none.
    """
    if not collection.snapshot((TEXT,)).count_parts(TEXT):
        raise QueryError(
            f"the collection {collection.path.name!r} has no texts to find captions among; index a "
            "table or a text file into it"
        )
