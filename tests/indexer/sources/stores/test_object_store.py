"""What stores say comes as the system says it of files, after trying again."""

import logging
import time
from pathlib import Path

import pytest

from binocle.errors import SourceError
from indexer.sources.stores.object_store import ObjectStore
from tests.support import picture_bytes
from tests.support.buckets import Buckets, forget_stores, listing


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)


@pytest.mark.usefixtures("soon")
def test_a_full_server_is_asked_again_and_not_for_ever(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(picture_bytes(0))
    with listing(tmp_path) as web:
        url = f"{web.url}/a.jpg"
        web.failures["/a.jpg"] = 3
        assert ObjectStore("http").read(url) == picture_bytes(0)
        web.failures["/a.jpg"] = 4
        with pytest.raises(OSError, match="HTTP 503"):
            ObjectStore("http").read(url)
        assert web.asked == ["GET /a.jpg"] * 8


def test_what_is_not_there_is_asked_for_once(tmp_path: Path) -> None:
    with listing(tmp_path) as web:
        with pytest.raises(FileNotFoundError, match="no such object"):
            ObjectStore("http").read(f"{web.url}/a.jpg")
        assert web.asked == ["GET /a.jpg"]


def test_a_listed_file_that_is_refused_or_leads_elsewhere_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    with listing(tmp_path) as web:
        port = web.server_address[1]
        web.answers = {
            "/refused.jpg": (403, {}), "/full.jpg": (503, {"Retry-After": "7"}),
            "/gone.jpg": (410, {}), "/inside.jpg": (302, {"Location": f"http://[::1]:{port}/a"}),
        }  # fmt: skip
        for name, said in {
            "refused": "access is denied", "full": "HTTP 503", "gone": "no such object",
            "inside": "redirects to ::1, which is no public address",
        }.items():  # fmt: skip
            for ask in (ObjectStore("http").facts, ObjectStore("http").read):
                with pytest.raises(OSError, match=said):
                    ask(f"{web.url}/{name}.jpg")
    assert len(pauses) == 6
    assert min(pauses) >= 7


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ExpiredToken", "have expired"), ("InvalidToken", "not accepted"),
        ("PermanentRedirect", "AWS_DEFAULT_REGION"), ("SlowDown", "^.Errno 16. slower, please"),
    ],
)  # fmt: skip
def test_what_s3_says_is_told_with_a_remedy(
    code: str, said: str, store: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        from s3fs.errors import translate_boto_error

        answer = {"Error": {"Code": code, "Message": "slower, please"}}
        raise translate_boto_error(store.client.exceptions.ClientError(answer, "ListObjectsV2"))

    objects = ObjectStore("s3")
    monkeypatch.setattr(objects._files, "ls", refuse)
    with pytest.raises(OSError, match=said):
        objects.listed("s3://bucket/photos")


@pytest.mark.parametrize(
    ("error", "said"),
    [(TimeoutError(), "not come within 180 s"), (RecursionError(), "AWS_DEFAULT_REGION")],
)
def test_what_is_in_vain_is_asked_for_once(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def fail(address: str) -> bytes:
        asked.append(address)
        raise error

    objects = ObjectStore("http")
    monkeypatch.setattr(objects._files, "cat_file", fail)
    with pytest.raises(OSError, match=said):
        objects.read("http://h.example/a.jpg")
    assert len(asked) == 1


def test_keys_that_no_file_could_have_are_told_of(store: Buckets) -> None:
    bucket = store.make()
    for key in ("in/", "in/sub/a.jpg", "in//b.jpg", "in/../c.jpg"):
        store.put(bucket, key, b"x" * (key != "in/"))
    found = {one.name: one.problem for one in ObjectStore("s3").listed(f"s3://{bucket}/in")}
    assert found.pop("sub") == ""
    assert sorted(found) == ["", ".."]
    assert all("rename it" in one for one in found.values())


def test_a_page_lists_only_what_lies_below_it(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(
        '<a href="../">up</a> <a href="?C=N;O=D">by name</a> <a href="a.jpg">a</a> '
        '<a href="/b.jpg">b</a> <a href="http://elsewhere.example/c.jpg">c</a> '
        '<a href="x/../../d.jpg">d</a> <a href="sub/">sub</a> <a href="#e">e</a> '
        '<a href="mailto:a@b.example">m</a>'
    )
    with listing(tmp_path) as web:
        found = ObjectStore("http").listed(web.url)
    assert [(one.name, one.is_folder) for one in found] == [
        ("a.jpg", False), ("b.jpg", False), ("sub", True),
    ]  # fmt: skip


def test_an_object_is_one_request(store: Buckets) -> None:
    bucket = store.make()
    store.put(bucket, "a.jpg", b"x" * 100)
    objects = ObjectStore("s3")
    (listed,) = objects.listed(f"s3://{bucket}")
    assert (listed.name, listed.size_bytes, listed.is_folder) == ("a.jpg", 100, False)
    assert listed.version
    assert objects.read(listed.address) == b"x" * 100


@pytest.mark.usefixtures("soon", "store")
def test_errors_name_the_remedy_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "nowhere-1")
    forget_stores()
    with pytest.raises(OSError, match="Could not connect") as refused:
        ObjectStore("s3").listed("s3://bucket/photos")
    assert "s3cr3t" not in f"{refused.value!r} {refused.value.__cause__!r}"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    forget_stores()
    with pytest.raises(PermissionError, match="credentials come from the environment"):
        ObjectStore("s3").listed("s3://bucket/photos")
    forget_stores()


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gcsfs", None)
    with pytest.raises(SourceError, match=r"pip install 'binocle\[gs\]'"):
        ObjectStore("gs")


def test_credentials_are_in_no_log(
    store: Buckets, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bucket = store.make()
    store.put(bucket, "a.jpg", b"x")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "correct-horse")
    forget_stores()
    caplog.set_level(logging.DEBUG)
    objects = ObjectStore("s3")
    assert objects.read(f"s3://{bucket}/a.jpg") == b"x"
    assert "correct-horse" not in caplog.text
    assert "Signature" not in caplog.text
