"""An object store that speaks S3, and a listing on the web, over real HTTP."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fsspec import AbstractFileSystem


class Buckets:
    """A store; it is asked as whoever fills it does."""

    def __init__(self, url: str) -> None:
        import boto3

        self.url = url
        self.client: Any = boto3.client("s3")
        self._made = 0

    def make(self) -> str:
        """Make a bucket of its own; return its name."""
        self._made += 1
        name = f"pictures-{os.getpid()}-{self._made}"
        self.client.create_bucket(Bucket=name)
        return name

    def put(self, bucket: str, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=bucket, Key=key, Body=data)

    def remove(self, bucket: str, *keys: str) -> None:
        """Remove objects; all of them where none is named."""
        listed = self.client.list_objects_v2(Bucket=bucket).get("Contents", [])
        for key in keys or [one["Key"] for one in listed]:
            self.client.delete_object(Bucket=bucket, Key=key)


@contextmanager
def buckets() -> Iterator[Buckets]:
    """Run a store, whose credentials are in the environment."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s3cr3t-of-the-tests",
            "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }.items():  # fmt: skip
            patch.setenv(name, value)
        try:
            yield Buckets(f"http://{host}:{port}")
        finally:
            forget_stores()
            server.stop()


def forget_stores() -> None:
    """Have the next store read the environment anew."""
    from s3fs import S3FileSystem

    stores: type[AbstractFileSystem] = S3FileSystem
    stores.clear_instance_cache()


class Listing(ThreadingHTTPServer):
    """A folder on the web.

    Attributes:
        asked: Methods and paths of requests so far.
        failures: How often the next requests for a path fail, by it.
        answers: Status and headers that a path is answered with each time.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        self.failures: dict[str, int] = {}
        self.answers: dict[str, tuple[int, dict[str, str]]] = {}
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(SimpleHTTPRequestHandler):
    server: Listing

    def do_GET(self) -> None:
        if not self._fails():
            super().do_GET()

    def do_HEAD(self) -> None:
        if not self._fails():
            super().do_HEAD()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _fails(self) -> bool:
        self.server.asked.append(f"{self.command} {self.path}")
        if self.path in self.server.answers:
            status, headers = self.server.answers[self.path]
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()
            return True
        left = self.server.failures.get(self.path, 0)
        self.server.failures[self.path] = left - 1
        if left > 0:
            self.send_error(503)
        return left > 0


@contextmanager
def listing(folder: Path) -> Iterator[Listing]:
    """Serve a folder."""
    with Listing(folder) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
