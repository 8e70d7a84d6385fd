"""What models are asked: labels, matches, captions and vectors."""

from collections.abc import Sequence
from typing import Unpack

from binocle_client.answers import (
    EmbeddingsAnswer,
    JobStatus,
    LabelsAnswer,
    MatchAnswer,
    ModelListing,
)
from binocle_client.asked import Asked, document
from binocle_client.calls.call import call
from binocle_client.paths import path_of
from binocle_client.records import SearchAnswer
from binocle_client.requests import CaptionsBody, LabelsBody, MatchBody


class ModelCalls:
    """The calls."""

    @call
    def label(self, name: str, **body: Unpack[LabelsBody]) -> Asked[LabelsAnswer]:
        """Give pictures, or the records of a collection, the likeliest of some labels."""
        return document(LabelsAnswer, "POST", path_of(name, "labels"), json=body)

    @call
    def start_labelling(self, name: str, **body: Unpack[LabelsBody]) -> Asked[JobStatus]:
        """Start what ``label`` does, for many records."""
        path = path_of(name, "labels", "jobs")
        return document(JobStatus, "POST", path, json=body, repeatable=False)

    @call
    def labels_of_job(self, name: str, job_id: str) -> Asked[LabelsAnswer]:
        """Return what a labelling job has found, once it is done."""
        return document(LabelsAnswer, "GET", path_of(name, "labels", "jobs", job_id))

    @call
    def match(self, name: str, **body: Unpack[MatchBody]) -> Asked[MatchAnswer]:
        """Tell how well a text and a picture go together."""
        return document(MatchAnswer, "POST", path_of(name, "match"), json=body)

    @call
    def captions(self, name: str, **body: Unpack[CaptionsBody]) -> Asked[SearchAnswer]:
        """Find the captions for a picture among the texts of a collection."""
        return document(SearchAnswer, "POST", path_of(name, "captions"), json=body)

    @call
    def models(self) -> Asked[ModelListing]:
        """List the models that may be named."""
        return document(ModelListing, "GET", "/v1/models")

    @call
    def embed(self, inputs: str | Sequence[str], model: str) -> Asked[EmbeddingsAnswer]:
        """Embed texts, and pictures given as data URLs."""
        given = inputs if isinstance(inputs, str) else list(inputs)
        body = {"input": given, "model": model}
        return document(EmbeddingsAnswer, "POST", "/v1/embeddings", json=body)
