"""What a service can be asked, in the words of its interface."""

from binocle_client.calls.collections import CollectionCalls
from binocle_client.calls.copies import CopyCalls
from binocle_client.calls.jobs import JobCalls
from binocle_client.calls.keys import KeyCalls
from binocle_client.calls.models import ModelCalls
from binocle_client.calls.records import RecordCalls
from binocle_client.calls.rules import RuleCalls
from binocle_client.calls.searches import SearchCalls


class Calls(
    CollectionCalls, CopyCalls, JobCalls, KeyCalls, ModelCalls, RecordCalls, RuleCalls, SearchCalls
):
    """All calls that are one request and one answer."""
