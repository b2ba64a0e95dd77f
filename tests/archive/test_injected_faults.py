"""One call in ten fails as AWS does: throttles, lost answers, resets, conflicts. The archive ends the same."""

import io
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.conftest import Aws
from tests.support.samples import Newsroom

SHARE = 0.1  # of the calls
CONFLICTS = 0.3  # of conditional puts, of which a WARC file has two
LASTING = 0.001  # of the calls; after botocore's own retries one in 10,000 would
DELIVERIES = 5  # of a message before it is a dead letter (template.yaml)
THROTTLES = {"dynamodb": "ThrottlingException", "s3": "SlowDown"}


class Faults:
    """Injects faults into the calls of clients, by a random generator with a seed."""

    def __init__(self, seed: int) -> None:
        self.random, self.found = random.Random(seed), Counter[str]()

    def before_call(self, *, model: Any, params: dict[str, Any], **_: Any) -> Any:
        """A throttle that outlasts botocore's own retries; S3's answer to one of two conditional writes."""
        if self.random.random() < LASTING:
            return self._answer("throttle", THROTTLES[model.service_model.service_name], 503)
        conditional = {"If-None-Match", "If-Match"} & params["headers"].keys()
        if conditional and self.random.random() < CONFLICTS:
            return self._answer("conflict", "ConditionalRequestConflict", 409)
        return None

    def before_send(self, *, request: Any, **_: Any) -> Any:
        """A connection that closes before the request is there; a request that is done, and its answer lost."""
        chance = self.random.random()
        if chance < SHARE / 2:
            self.found["reset"] += 1
            raise ConnectionClosedError(endpoint_url=request.url)
        if chance < SHARE:
            self.found["lost answer"] += 1
            return AWSResponse(request.url, 500, {}, Empty())  # type: ignore[arg-type]
        return None

    def _answer(self, name: str, code: str, status: int) -> Any:
        self.found[name] += 1
        metadata = {"HTTPStatusCode": status, "HTTPHeaders": {}, "RequestId": "sample", "RetryAttempts": 0}
        parsed = {"Error": {"Code": code, "Message": name}, "ResponseMetadata": metadata}
        return AWSResponse("", status, {}, Empty()), parsed  # type: ignore[arg-type]


class Empty(io.BytesIO):
    """The body of an answer without one."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield b""


@contextmanager
def injected(aws: Aws, faults: Faults) -> Iterator[None]:
    events = [client.meta.events for client in (aws.s3, aws.table.meta.client)]
    for each in events:
        each.register_first("before-call", faults.before_call)
        each.register_first("before-send", faults.before_send)
    try:
        yield
    finally:
        for each in events:
            each.unregister("before-call", faults.before_call)
            each.unregister("before-send", faults.before_send)


def deliver(newsroom: Newsroom, captures: list[str]) -> list[str]:
    """Archive WARC files as the queue has them delivered, each until it is done; return the dead letters."""
    waiting, deliveries = list(captures), Counter[str]()
    while waiting:
        key = waiting.pop(0)
        deliveries[key] += 1
        try:
            newsroom.archive().add(key)
        except (ClientError, ConnectionClosedError):
            waiting.append(key)
    return [key for key, count in deliveries.items() if count > DELIVERIES]


def capture(newsroom: Newsroom, files: int, pages: int) -> list[str]:
    """New, unchanged and revised stories, and copies of one of the first file.

    No story that changes has copies: an article says with which stories it was grouped when it was archived, and for
    two stories of one file that depends on which of them was there before.
    """
    captures = []
    for file in range(files):
        names = [f"s{(file * 2 + page) % (files + pages)}" for page in range(pages)]
        looks = {name: f"Story {name}|{_words(f'{name}e{file // 2}')}" for name in names}
        looks[f"copy{file}"] = f"Story of all|{_words('wire')}"
        captures.append(newsroom.capture(*looks.items()))
    return captures


def _words(of: str) -> str:
    return " ".join(f"{of}x{number}" for number in range(30))


@pytest.mark.parametrize("seed", [1, 2])
def test_faults_change_nothing(aws: Aws, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """The same objects and items as without faults, and no message becomes a dead letter."""
    monkeypatch.setattr("time.sleep", lambda _: None)  # the pauses of retries
    newsroom = Newsroom(aws)
    captures = capture(newsroom, files=3, pages=3)
    assert deliver(newsroom, captures) == []
    objects, items = newsroom.objects(), newsroom.items()
    aws.clear_archive()
    faults = Faults(seed)
    with injected(aws, faults):
        assert deliver(newsroom, captures) == []
    assert faults.found.total() > 10
    assert {"reset", "lost answer"} <= faults.found.keys()
    assert (newsroom.objects(), newsroom.items()) == (objects, items)
