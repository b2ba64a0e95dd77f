"""Conditional writes under S3's 409 ConditionalRequestConflict, which botocore does not repeat."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dateline.aws import objects
from tests.conftest import Aws

Write = Callable[[Any], bool]


class ConflictingS3:
    """The real client, whose first puts are answered with errors; ``puts`` counts all of them."""

    def __init__(self, s3: Any, *codes: str) -> None:
        self._s3, self._codes, self.puts = s3, list(codes), 0

    def put_object(self, **request: Any) -> Any:
        self.puts += 1
        if self._codes:
            error: Any = {"Error": {"Code": self._codes.pop(0), "Message": "sample"}}
            raise ClientError(error, "PutObject")
        return self._s3.put_object(**request)

    def get_object(self, **request: Any) -> Any:
        return self._s3.get_object(**request)


@pytest.fixture
def writes(aws: Aws) -> dict[str, Write]:
    """Each kind of conditional write, to an object that it may write."""
    there = {"bucket": aws.archive, "key": "there"}
    etag = aws.s3.put_object(Bucket=aws.archive, Key="there", Body=b"before")["ETag"]
    return {
        "once": lambda s3: objects.put_once(s3, bucket=aws.archive, key="new", body=b"after"),
        "over": lambda s3: objects.put_over(s3, body=b"after", etag=etag, **there),
        "changed": lambda s3: objects.put_changed(s3, body=b"after", **there),
    }


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr("dateline.aws.objects.time.sleep", found.append)
    return found


@pytest.mark.parametrize("kind", ["once", "over", "changed"])
def test_conflict_is_retried(aws: Aws, writes: dict[str, Write], pauses: list[float], kind: str) -> None:
    s3 = ConflictingS3(aws.s3, "ConditionalRequestConflict", "ConditionalRequestConflict")
    assert writes[kind](s3)
    assert (s3.puts, len(pauses)) == (3, 2)


def test_lasting_conflict_is_raised(aws: Aws, writes: dict[str, Write], pauses: list[float]) -> None:
    s3 = ConflictingS3(aws.s3, *["ConditionalRequestConflict"] * 9)
    with pytest.raises(ClientError, match="ConditionalRequestConflict"):
        writes["once"](s3)
    assert pauses == sorted(pauses)


def test_other_errors_are_raised(aws: Aws, writes: dict[str, Write], pauses: list[float]) -> None:
    s3 = ConflictingS3(aws.s3, "SlowDown")
    with pytest.raises(ClientError, match="SlowDown"):
        writes["over"](s3)
    assert (s3.puts, pauses) == (1, [])


def test_loser_of_conflict_sees_winner(aws: Aws, pauses: list[float]) -> None:
    """After a conflict the other writer's object is there: nothing is written, and the answer says so."""
    aws.s3.put_object(Bucket=aws.archive, Key="key", Body=b"theirs")
    s3 = ConflictingS3(aws.s3, "ConditionalRequestConflict")
    assert not objects.put_once(s3, bucket=aws.archive, key="key", body=b"ours")  # type: ignore[arg-type]
    assert len(pauses) == 1
