"""What is asked of ranking rules."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from binocle_client.connection import Connection
from binocle_client.paths import path_of
from binocle_client.requests import RulesBody
from binocle_client.rules import RankingRules, RulesTrial, RulesVersions


class RuleCalls:
    """The calls; the rest is in ``Client``."""

    _service: Connection

    def rules(self, name: str, version: int | None = None) -> RankingRules:
        """Return the ranking rules that searches go by, or an earlier version."""
        more = [] if version is None else ["versions", str(version)]
        return self._rules("GET", path_of(name, "rules", *more))

    def rules_versions(self, name: str) -> RulesVersions:
        """List the versions of the rules that are kept, newest first."""
        return self._service.ask(RulesVersions, "GET", path_of(name, "rules", "versions"))

    def rules_draft(self, name: str) -> RankingRules:
        """Return the draft of the rules."""
        return self._rules("GET", path_of(name, "rules", "draft"))

    def put_rules_draft(
        self, name: str, rules: RulesBody, *, etag: str | None = None
    ) -> RankingRules:
        """Keep rules as the draft; with an ``etag``, only in the place of the one it names."""
        return self._rules("PUT", path_of(name, "rules", "draft"), json=rules, etag=etag)

    def delete_rules_draft(self, name: str, *, etag: str | None = None) -> None:
        """Forget the draft."""
        headers = {"If-Match": etag} if etag else {}
        self._service.send("DELETE", path_of(name, "rules", "draft"), headers=headers)

    def try_rules(
        self, name: str, queries: Sequence[str] = (), *, recorded: int = 0, limit: int = 10
    ) -> RulesTrial:
        """Hold the first hits of queries by the draft against those by the live rules.

        Args:
            name: Of the collection.
            queries: Such as people type.
            recorded: Also so many of those asked most, where the service keeps queries.
            limit: How many hits of each.
        """
        body = {"queries": list(queries), "recorded": recorded, "limit": limit}
        return self._service.ask(RulesTrial, "POST", path_of(name, "rules:try"), json=body)

    def publish_rules(self, name: str, note: str = "", *, etag: str | None = None) -> RankingRules:
        """Have searches go by the draft; with an ``etag``, only by the one it names."""
        path, body = path_of(name, "rules:publish"), {"note": note}
        return self._rules("POST", path, json=body, etag=etag, repeatable=False)

    def go_back_to_rules(self, name: str, version: int, note: str = "") -> RankingRules:
        """Publish an earlier version once more, as a new one."""
        body = {"version": version, "note": note}
        return self._rules("POST", path_of(name, "rules:back"), json=body, repeatable=False)

    def _rules(
        self, method: str, path: str, *, etag: str | None = None, **options: Any
    ) -> RankingRules:
        headers = {"If-Match": etag} if etag else {}
        response = self._service.send(method, path, headers=headers, **options)
        found = self._service.decoded(RankingRules, response)
        return replace(found, etag=response.headers.get("ETag", ""))
