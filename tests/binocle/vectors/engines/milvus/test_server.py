import socket
from contextlib import closing

import pytest

from binocle.errors import UnreachableError, UsageError
from binocle.vectors.engines.milvus.opening import checked_address, prepare
from binocle.vectors.engines.milvus.server import MilvusAddress, MilvusServer, without_token


def unused_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("milvus://host", "milvus://host:19530"),
        ("milvus://host:1234/photos", "milvus://host:1234/photos"),
        ("milvus+tls://host/", "milvus+tls://host:19530"),
        ("milvus://[::1]:1234", "milvus://[::1]:1234"),
    ],
)
def test_address_is_stored_with_its_port(given: str, stored: str) -> None:
    assert checked_address(given) == stored
    assert checked_address(stored) == stored


@pytest.mark.parametrize("given", ["http://host", "milvus://host/?token=a", "milvus://host:99999"])
def test_address_that_is_none_of_milvus_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match="not understood"):
        MilvusAddress.of(given)


def test_no_part_of_the_token_is_in_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILVUS_TOKEN", "root:hush")
    assert without_token("user root:hush has a wrong password hush") == (
        "user … has a wrong password …"
    )


def test_server_that_is_not_there_is_told_in_one_line_without_the_token(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MILVUS_TOKEN", "root:hush")
    monkeypatch.setattr("binocle.vectors.engines.milvus.server._ANSWER_WITHIN_S", 1.0)
    server = MilvusServer(MilvusAddress.of(f"milvus://127.0.0.1:{unused_port()}"), "the vectors")
    for _ in range(2):  # the second time nobody is asked
        with pytest.raises(UnreachableError, match="cannot be reached at") as caught:
            server.run(lambda client: client.list_collections())
        assert "\n" not in str(caught.value)
        assert "hush" not in str(caught.value)
    with pytest.raises(UnreachableError, match="see whether the server runs"):
        prepare(f"milvus://127.0.0.1:{unused_port()}", "binocle_a")
    assert capfd.readouterr().err == ""
