"""Connections that end at checked addresses, and by one deadline."""

import socket
import time

import httpcore
import pytest

from binocle.errors import UrlError
from binocle.network.checked_network import CheckedBackend, seconds_left, timeouts


def backend(addresses: list[str], seconds: float = 5.0) -> CheckedBackend:
    deadline = time.monotonic() + seconds
    return CheckedBackend(lambda _host, _port: addresses, lambda one: one[:4] == "127.", deadline)


def test_next_address_is_taken_where_one_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        stream = backend(["127.0.0.2", "127.0.0.1"]).connect_tcp("a.example", port)
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", port)
        stream.close()
        with pytest.raises(httpcore.ConnectError):
            backend(["127.0.0.2"]).connect_tcp("a.example", port)


def test_address_that_is_not_allowed_is_not_connected_to_even_beside_one_that_is() -> None:
    with pytest.raises(UrlError, match="has no public address"):
        backend(["127.0.0.1", "10.0.0.1"]).connect_tcp("a.example", 80)
    with pytest.raises(UrlError, match="sockets of this machine"):
        backend([]).connect_unix_socket("/run/x")


def test_reads_end_by_the_deadline_of_all() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stream = backend(["127.0.0.1"], 0.2).connect_tcp("a.example", listener.getsockname()[1])
        with pytest.raises(httpcore.TimeoutException):
            stream.read(1, timeout=60)
        with pytest.raises(httpcore.TimeoutException):
            stream.read(1)
        stream.close()


def test_time_that_is_up_is_no_timeout_of_zero() -> None:
    assert 0 < seconds_left(time.monotonic() + 1) <= 1
    assert set(timeouts(time.monotonic() + 1)) == {"connect", "read", "write", "pool"}
    with pytest.raises(httpcore.TimeoutException):
        seconds_left(time.monotonic())
