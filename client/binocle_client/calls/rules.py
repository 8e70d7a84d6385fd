"""What is asked of ranking rules."""

from collections.abc import Sequence
from typing import Any

from binocle_client.asked import Asked, document, matching, nothing, with_etag
from binocle_client.calls.call import call
from binocle_client.paths import path_of, several
from binocle_client.requests import RulesBody
from binocle_client.rules import RankingRules, RulesTrial, RulesVersions


class RuleCalls:
    """The calls."""

    @call
    def rules(self, name: str, version: int | None = None) -> Asked[RankingRules]:
        """Return the ranking rules that searches go by, or an earlier version."""
        more = [] if version is None else ["versions", str(version)]
        return _rules("GET", path_of(name, "rules", *more))

    @call
    def rules_versions(self, name: str) -> Asked[RulesVersions]:
        """List the versions of the rules that are kept, newest first."""
        return document(RulesVersions, "GET", path_of(name, "rules", "versions"))

    @call
    def rules_draft(self, name: str) -> Asked[RankingRules]:
        """Return the draft of the rules."""
        return _rules("GET", path_of(name, "rules", "draft"))

    @call
    def put_rules_draft(
        self, name: str, rules: RulesBody, *, etag: str | None = None
    ) -> Asked[RankingRules]:
        """Keep rules as the draft; with an ``etag``, only in the place of the one it names."""
        return _rules("PUT", path_of(name, "rules", "draft"), json=rules, etag=etag)

    @call
    def delete_rules_draft(self, name: str, *, etag: str | None = None) -> Asked[None]:
        """Forget the draft."""
        return nothing("DELETE", path_of(name, "rules", "draft"), headers=matching(etag))

    @call
    def try_rules(
        self, name: str, queries: Sequence[str] = (), *, recorded: int = 0, limit: int = 10
    ) -> Asked[RulesTrial]:
        """Hold the first hits of queries by the draft against those by the live rules.

        Args:
            name: Of the collection.
            queries: Such as people type.
            recorded: Also so many of those asked most, where the service keeps queries.
            limit: How many hits of each.
        """
        body = {"queries": several(queries), "recorded": recorded, "limit": limit}
        return document(RulesTrial, "POST", path_of(name, "rules:try"), json=body)

    @call
    def publish_rules(
        self, name: str, note: str = "", *, etag: str | None = None
    ) -> Asked[RankingRules]:
        """Have searches go by the draft; with an ``etag``, only by the one it names."""
        path, body = path_of(name, "rules:publish"), {"note": note}
        return _rules("POST", path, json=body, etag=etag, repeatable=False)

    @call
    def go_back_to_rules(self, name: str, version: int, note: str = "") -> Asked[RankingRules]:
        """Publish an earlier version once more, as a new one."""
        body = {"version": version, "note": note}
        return _rules("POST", path_of(name, "rules:back"), json=body, repeatable=False)


def _rules(
    method: str, path: str, *, etag: str | None = None, **options: Any
) -> Asked[RankingRules]:
    return with_etag(document(RankingRules, method, path, headers=matching(etag), **options))
