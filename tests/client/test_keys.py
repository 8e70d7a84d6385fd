"""An administrator makes, rotates and revokes keys."""

import pytest

from binocle_client import ClientError
from tests.support.service import Serve


def test_a_key_is_made_rotated_and_revoked(serve: Serve) -> None:
    service = serve()
    boss = service.client(service.keys.add("boss", "admin", None))
    made = boss.add_key(name="shop", scope="write", requests_per_minute=600)
    assert service.client(made.key).put_collection("c").name == "c"
    rotated = boss.rotate_key("shop")
    (_, key) = sorted(boss.keys(), key=lambda one: one.name)
    assert (key.name, key.scope, key.requests_per_minute) == ("shop", "write", 600)
    assert service.client(rotated.key).collections().collections[0].name == "c"
    boss.revoke_key("shop")
    for secret in (made.key, rotated.key):
        with pytest.raises(ClientError) as refused:
            service.client(secret).collections()
        assert refused.value.status == 401
