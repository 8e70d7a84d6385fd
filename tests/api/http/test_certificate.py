"""A certificate that is out of date is told of; a renewed one is taken as soon as its key fits."""

import logging
import ssl
import subprocess
from functools import partial
from pathlib import Path

import pytest
from uvicorn.config import create_ssl_context

from api.http import certificate
from api.http.certificate import Certificate


def write(folder: Path, days: int) -> tuple[Path, Path]:
    """Write a certificate that signs itself, and its key."""
    folder.mkdir(exist_ok=True)
    key, request, chain = (folder / name for name in ("key.pem", "request.pem", "chain.pem"))
    run = partial(subprocess.run, check=True, capture_output=True)
    run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=localhost"])  # fmt: skip
    run(["openssl", "x509", "-req", "-in", request, "-signkey", key, "-days", str(days),
         "-out", chain])  # fmt: skip
    return chain, key


def opened(chain: Path, key: Path) -> Certificate:
    def make() -> ssl.SSLContext:
        return create_ssl_context(
            chain, key, None, ssl.PROTOCOL_TLS_SERVER, ssl.CERT_NONE, None, None
        )

    return Certificate(chain, make, key)


@pytest.mark.parametrize(("days", "said"), [(-1, "has expired"), (5, "expires on "), (90, None)])
def test_clients_that_refuse_it_are_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, days: int, said: str | None
) -> None:
    opened(*write(tmp_path, days))
    assert [said in one.getMessage() for one in caplog.records if said] == [True] * bool(said)
    assert bool(caplog.records) == bool(said)


def test_renewed_files_are_taken_together_and_others_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    chain, key = write(tmp_path, 90)
    own = opened(chain, key)
    first = own.context()
    new_chain, new_key = write(tmp_path / "new", 60)
    new_chain.replace(chain)
    assert own.context() is first, "not looked at with each connection"
    monkeypatch.setattr(certificate, "_LOOK_EVERY_S", 0.0)
    for _ in range(2):
        assert own.context() is first, "its key is not there yet"
    assert caplog.text.count("is not taken") == 1
    new_key.replace(key)
    second = own.context()
    assert second is not first
    assert own.context() is second
    chain.unlink()
    assert own.context() is second
    assert "is served from now on" in caplog.text
