"""Killed at any of its calls to AWS and started again, each function leaves what it would have left undisturbed."""

import importlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, tzinfo
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Self

import boto3
import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError
from botocore.client import BaseClient

from dateline.capture.gzip_members import members
from infra import emulator
from tests.conftest import Aws
from tests.functions.test_events import EVENTS, FUNCTIONS, Context, deployed, event, handler

__all__ = ["deployed"]

SPIDERS = (
    "collector",
    "state.ledger",
    "runs.continuation",
    "download.handler",
    "discovery.seed_reader",
    "middlewares.robots",
    "download.pace",
    "seeds",
)
CLOCKED = ("dateline.archive.writer", "dateline.dataset.compaction", *(f"spiders.{name}" for name in SPIDERS))

ELSEWHERE = {
    "read",  # writes nothing
    "search",  # tantivy names its files at random: tests/search/index/test_indexing.py compares answers
}


class Noon(datetime):
    """A clock that stands: what is written twice is the same."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls(2026, 1, 5, 12, tzinfo=tz)


class KilledError(Exception):
    """The function dies here: no call of it gets through any more."""


@contextmanager
def faults(kill_before: int | None = None) -> Iterator[list[str]]:
    """The calls to AWS that are made meanwhile; dies before the one with that number, and makes no further one."""
    calls: list[str] = []
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def counted(client: BaseClient, operation: str, parameters: Any) -> Any:
        if kill_before is not None and len(calls) >= kill_before:
            raise KilledError
        calls.append(operation)
        return call(client, operation, parameters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", counted)
        yield calls


@pytest.fixture
def clocked(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """The handler of a new container, by a clock that stands."""
    for name in CLOCKED:
        monkeypatch.setattr(importlib.import_module(name), "datetime", Noon)
    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", lambda *_: "Mon, 05 Jan 2026 12:00:00 GMT")

    def made(function: str) -> Any:
        called = handler(function)  # reloads the module
        if hasattr(sys.modules[function], "datetime"):
            monkeypatch.setattr(sys.modules[function], "datetime", Noon)
        return called

    return made


class World:
    """All that a function can leave behind."""

    def __init__(self, aws: Aws, queue: str, clocked: Callable[[str], Any]) -> None:
        self.aws, self.queue, self.sqs, self.clocked = aws, queue, boto3.client("sqs"), clocked

    def clear(self) -> None:
        self.aws.clear_archive()
        for found in self.aws.s3.list_objects_v2(Bucket=self.aws.captures).get("Contents", []):
            self.aws.s3.delete_object(Bucket=self.aws.captures, Key=found["Key"])
        self.sqs.delete_queue(QueueUrl=self.queue)  # with what it remembers of messages that it had
        self.sqs.create_queue(QueueName="crawl.fifo", Attributes={"FifoQueue": "true"})

    def left(self) -> dict[str, Any]:
        """By name: items, objects and messages."""
        # Without rounds as sent: killed before it records one, dispatch may send another behind it; no harm is done.
        found = [item for item in self.aws.table.scan()["Items"] if "sent" not in item]
        items = {str((item["PK"], item["SK"])): item for item in found}
        objects = self._objects(self.aws.captures) | self._objects(self.aws.archive)
        return items | objects | dict.fromkeys(self._messages(), True)

    def _objects(self, bucket: str) -> dict[str, bytes]:
        listed = self.aws.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        bodies = {o["Key"]: self.aws.s3.get_object(Bucket=bucket, Key=o["Key"])["Body"].read() for o in listed}
        return {key: _in_order(body) if key.endswith(".warc.gz") else body for key, body in bodies.items()}

    def _messages(self) -> Iterator[str]:
        while got := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in got:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
                yield message["Body"]


def _in_order(body: bytes) -> bytes:
    """The records of a WARC file sorted: pages of one crawl come in the order in which servers and table answer."""
    return b"".join(sorted(member.data for member in members(io.BytesIO(body), begins=b"WARC/")))


def prepare(function: str, aws: Aws) -> None:
    """Put there what the function's event is about."""
    if function in {"extract", "compact", "coverage"}:
        emulator.put_captures(aws.s3, aws.captures, event("extract"), EVENTS / "extract.html")
    if function in {"compact", "coverage"}:
        handler("extract")(event("extract"), Context())
    if function == "events":
        boto3.client("events").put_rule(Name="all", EventBusName="dateline", EventPattern='{"source": ["dateline"]}')


@pytest.fixture
def one_way_in(deployed: str) -> str:
    """With one seed alone the pages come in the same order each time."""
    for path in Path(os.environ["DATELINE_SOURCES"]).rglob("*.toml"):
        lines = path.read_text("utf-8").splitlines(keepends=True)
        path.write_text("".join(line for line in lines if not line.startswith(("sitemaps", "listings"))), "utf-8")
    return deployed


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if name not in ELSEWHERE])
def test_killed_function_ends_same(function: str, aws: Aws, one_way_in: str, clocked: Callable[[str], Any]) -> None:
    """Killed before any call it ends the same."""
    world = World(aws, one_way_in, clocked)
    undisturbed, calls = run(world, function)
    assert len(calls) > 1
    for number in range(1, len(calls) + 1):
        world.clear()
        prepare(function, aws)
        with faults(kill_before=number), suppress(KilledError, BatchProcessingError):
            clocked(function)(event(function), Context())
        left, _ = run(world, function, fresh=False)
        others = {name for name in left | undisturbed if left.get(name) != undisturbed.get(name)}
        assert not others, f"killed before call {number}, {[*calls, 'the end'][number]}"


def run(world: World, function: str, *, fresh: bool = True) -> tuple[dict[str, Any], list[str]]:
    if fresh:
        world.clear()
        prepare(function, world.aws)
    with faults() as calls:
        world.clocked(function)(event(function), Context())
    return world.left(), calls
