"""What an administrator asks of API keys."""

from typing import Unpack

from binocle_client.answers import KeyListing, KeySummary, NewKey
from binocle_client.asked import Asked, document, nothing
from binocle_client.calls.call import call
from binocle_client.paths import segment
from binocle_client.requests import KeyBody, KeyRotationBody


class KeyCalls:
    """The calls."""

    @call
    def keys(self) -> Asked[list[KeySummary]]:
        """List all keys."""
        return document(KeyListing, "GET", "/v1/keys").then(lambda found: found.keys)

    @call
    def add_key(self, **body: Unpack[KeyBody]) -> Asked[NewKey]:
        """Make a key; keep its secret, which is told only here."""
        return document(NewKey, "POST", "/v1/keys", json=body, repeatable=False)

    @call
    def rotate_key(self, key_name: str, **body: Unpack[KeyRotationBody]) -> Asked[NewKey]:
        """Give a key a new secret."""
        path = f"/v1/keys/{segment(key_name)}/rotate"
        return document(NewKey, "POST", path, json=body, repeatable=False)

    @call
    def revoke_key(self, key_name: str) -> Asked[None]:
        """Revoke a key, at once."""
        return nothing("DELETE", f"/v1/keys/{segment(key_name)}")
