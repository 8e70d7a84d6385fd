"""Answers are dataclasses that have what the interface's document says."""

import json
from dataclasses import fields, is_dataclass
from types import ModuleType

import pytest

from binocle_client import across, answers, copies, records, rules, webhooks
from tests.support import ROOT

_SCHEMAS = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))["components"]["schemas"]
_ANSWERS = {
    "CollectionShareOut": across.CollectionShare,
    "DeliveriesOut": webhooks.DeliveryListing,
    "DeliveryOut": webhooks.WebhookDelivery,
    "HitAcrossOut": across.CollectionHit,
    "NewWebhookOut": webhooks.NewWebhook,
    "SavedSearchOut": answers.SavedSearch,
    "SavedSearchesOut": answers.SavedSearchListing,
    "SearchAcrossOut": across.SearchAcrossAnswer,
    "WebhookOut": webhooks.WebhookSummary,
    "WebhooksOut": webhooks.WebhookListing,
    "DraftOut": rules.RankingRules,
    "ReadPieceOut": records.ReadPiece,
    "MoveOut": rules.RuleMove,
    "TrialOut": rules.RulesTrial,
    "TriedOut": rules.TriedQuery,
    "VersionOut": rules.RulesVersion,
    "VersionsOut": rules.RulesVersions,
    "AliasOut": answers.AliasTarget,
    "AliasesOut": answers.AliasListing,
    "BatchOut": records.BatchAnswer,
    "BucketOut": records.FacetBar,
    "CandidateOut": copies.LookupMatch,
    "CandidatePartOut": copies.StoredPicture,
    "ClusterOut": copies.DuplicateCluster,
    "CollectionOut": answers.CollectionSummary,
    "CollectionsOut": answers.CollectionListing,
    "ContributionOut": records.HitContribution,
    "DuplicatesOut": copies.DuplicateClusters,
    "Embedding": answers.EmbeddedInput,
    "EmbeddingsOut": answers.EmbeddingsAnswer,
    "FacetOut": records.FacetResult,
    "HighlightOut": records.TextHighlight,
    "HashListAddedOut": copies.HashListAdded,
    "KeptHashListOut": copies.HashListInfo,
    "HashListsOut": copies.HashListInfos,
    "HitOut": records.SearchHit,
    "ItemError": answers.Failure,
    "JobOut": answers.JobStatus,
    "JobPage": answers.JobListing,
    "LabelOut": answers.LabelProbability,
    "LabelledOut": answers.LabelledItem,
    "LabelsOut": answers.LabelsAnswer,
    "ListedOut": copies.ListedHash,
    "LookupOut": copies.LookupReply,
    "LookupOutcome": copies.LookupOutcome,
    "LookupsOut": copies.LookupOutcomes,
    "MatchOut": answers.MatchAnswer,
    "MemberOut": copies.ClusterMember,
    "ModelOut": answers.ServedModel,
    "ModelsOut": answers.ModelListing,
    "PartOut": records.RecordPart,
    "PictureOut": records.PictureFacts,
    "PieceOut": records.TextPiece,
    "Problem": records.SearchProblem,
    "ReasonOut": records.RecommendReason,
    "RecommendOut": records.RecommendAnswer,
    "RecordOut": records.StoredRecord,
    "RecordPage": records.RecordListing,
    "RecordResult": answers.StoreOutcome,
    "RecordsOut": answers.StoreOutcomes,
    "RegionOut": copies.PictureRegion,
    "FieldOut": answers.SchemaField,
    "KeyOut": answers.KeySummary,
    "KeysOut": answers.KeyListing,
    "MatchingOut": records.MatchedRecords,
    "NewKeyOut": answers.NewKey,
    "SchemaOut": answers.FieldListing,
    "SkippedItem": answers.SkippedSourceItem,
    "SkippedOut": answers.SkippedListing,
    "SourcesOut": answers.SourceListing,
    "SearchOut": records.SearchAnswer,
    "StoredPartOut": records.StoredRecordPart,
    "SuggestionOut": answers.TypedSuggestion,
    "SuggestionsOut": answers.SuggestionList,
    "Usage": answers.EmbeddingUsage,
}


@pytest.mark.parametrize("name", _ANSWERS)
def test_an_answer_has_the_fields_of_the_interface(name: str) -> None:
    there = {one.name for one in fields(_ANSWERS[name])} - {"etag"}  # of a header
    assert there == _SCHEMAS[name]["properties"].keys()


@pytest.mark.parametrize("module", [across, answers, copies, records, rules, webhooks])
def test_every_answer_is_held_against_the_interface(module: ModuleType) -> None:
    there = {
        one
        for one in vars(module).values()
        if is_dataclass(one) and getattr(one, "__module__", "") == module.__name__
    }
    assert there
    assert there <= set(_ANSWERS.values())
