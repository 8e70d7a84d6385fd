"""Addresses keep no secrets."""

import pytest

from binocle.errors import UsageError
from indexer.sources.stores.addresses import (
    checked_address,
    hint_of,
    is_remote,
    lies_below,
    without_secrets,
)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("s3://AKID:s3cr3t@bucket/photos", "credentials come from the environment"),
        ("https://u:s3cr3t@host/photos", "credentials come from the environment"),
        ("https://host/photos?X-Amz-Signature=s3cr3t", "name the folder without it"),
        ("az://box/photos?sig=s3cr3t", "name the folder without it"),
        ("s3:///photos", "write s3://BUCKET/FOLDER"),
        ("s3://bucket/../other", "write s3://BUCKET/FOLDER"),
        ("s3://[bucket/photos", "is no address"),
    ],
)
def test_an_address_with_a_secret_or_without_a_bucket_is_refused(text: str, remedy: str) -> None:
    with pytest.raises(UsageError, match=remedy) as refused:
        checked_address(text)
    assert "s3cr3t" not in str(refused.value)
    assert "AKID" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_address_is_stored_without_its_last_slash() -> None:
    assert checked_address("s3://bucket/a b#1/") == "s3://bucket/a b#1"
    assert checked_address("https://host:8080/") == "https://host:8080"


def test_an_address_may_be_written_in_capitals_and_others_are_hinted_at() -> None:
    assert is_remote("S3://b/X")
    assert checked_address("S3://b/X/") == "s3://b/X"
    assert "s3://" in hint_of("ftp://b/x")
    assert "s3://" in hint_of("s3:/b/x")
    assert hint_of("/a/b:/x") == hint_of("a.jpg") == ""


def test_an_address_is_told_from_a_path() -> None:
    remote = ("s3://b", "gs://b/x", "az://b", "http://h", "https://h/x")
    assert all(map(is_remote, remote))
    assert not any(map(is_remote, ("/a/s3://b", "s3:/b", "s3", "ftp://h", "upload:1", "C:\\x")))


def test_messages_lose_what_may_be_a_secret() -> None:
    said = 'no answer: "https://u:p@h/x?sig=1" and http://h/y?z'
    assert without_secrets(said) == 'no answer: "https://h/x" and http://h/y'


def test_a_sibling_of_the_same_beginning_does_not_lie_below() -> None:
    assert lies_below("s3://b/a", "s3://b/a")
    assert lies_below("s3://b/a/c", "s3://b/a")
    assert not lies_below("s3://b/ab", "s3://b/a")
