"""One call in ten fails as AWS does: throttles, lost answers, resets, conflicts. The archive ends the same.

With ``DATELINE_FAULT_PAGES=1000`` in the environment and ``pytest -s``, it is more pages, and the faults are printed.
"""

import io
import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ConnectionClosedError
from moto.core.models import botocore_stubber

from tests.conftest import Aws
from tests.support.samples import Newsroom

PAGES = int(os.environ.get("DATELINE_FAULT_PAGES", "24"))  # in files of four, of ten if there are many
SHARE = 0.1  # of the calls
CONFLICTS = 0.3  # of conditional puts, of which a WARC file has two
# Of the calls; after botocore's own retries one in 10,000 would. Redelivered, a file is indexed again with all later
# captures of its stories, in many pages by a thousand calls and more.
LASTING = 0.001 if PAGES < 100 else 0.0003
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
        """A throttle, a server's error before or after the work, or a reset: botocore sends the request again."""
        self.found["requests"] += 1
        match int(self.random.random() / SHARE * 4):
            case 0:
                self.found["reset"] += 1
                raise ConnectionClosedError(endpoint_url=request.url)
            case 1:
                self.found["5xx"] += 1
                return AWSResponse(request.url, 500, {}, Raw())  # type: ignore[arg-type]
            case 2:
                self.found["lost answer"] += 1
                botocore_stubber("before-send", request)
                return AWSResponse(request.url, 500, {}, Raw())  # type: ignore[arg-type]
            case 3:
                self.found["short throttle"] += 1
                return self._throttled(request)
        return None

    def _throttled(self, request: Any) -> AWSResponse:
        code = THROTTLES[service := "dynamodb" if "dynamodb" in request.url else "s3"]
        body = json.dumps({"__type": code}) if service == "dynamodb" else f"<Error><Code>{code}</Code></Error>"
        raw = Raw(body.encode())
        return AWSResponse(request.url, 400 if service == "dynamodb" else 503, {}, raw)  # type: ignore[arg-type]

    def _answer(self, name: str, code: str, status: int) -> Any:
        self.found[name] += 1
        metadata = {"HTTPStatusCode": status, "HTTPHeaders": {}, "RequestId": "sample", "RetryAttempts": 0}
        parsed = {"Error": {"Code": code, "Message": name}, "ResponseMetadata": metadata}
        return AWSResponse("", status, {}, Raw()), parsed  # type: ignore[arg-type]


class Raw(io.BytesIO):
    """The body of an answer, by default none."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


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
    """New, unchanged and revised stories, and copies of one in ten files.

    No story that changes has copies: an article says with which stories it was grouped when it was archived, and for
    two stories of one file that depends on which of them was there before.
    """
    captures = []
    for file in range(files):
        names = [f"s{(file * 2 + page) % (files + pages)}" for page in range(pages)]
        looks = {name: f"Story {name}|{_words(f'{name}e{file // 2}')}" for name in names}
        agency = f"wire{file // 10}"
        looks[f"copy{file}"] = f"Story of all|{_words(agency)}"
        captures.append(newsroom.capture(*looks.items()))
    return captures


def _words(of: str) -> str:
    return " ".join(f"{of}x{number}" for number in range(30))


@pytest.mark.parametrize("seed", [1, 2])
def test_faults_change_nothing(aws: Aws, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """The same objects and items as without faults, and no message becomes a dead letter."""
    monkeypatch.setattr("time.sleep", lambda _: None)  # the pauses of retries
    newsroom = Newsroom(aws)
    pages = 3 if PAGES < 100 else 9
    captures = capture(newsroom, files=PAGES // (pages + 1), pages=pages)
    assert deliver(newsroom, captures) == []
    objects, items = newsroom.objects(), newsroom.items()
    aws.clear_archive()
    faults = Faults(seed)
    with injected(aws, faults):
        assert deliver(newsroom, captures) == []
    assert {"reset", "5xx", "lost answer", "short throttle"} <= faults.found.keys()
    print(f"{PAGES} pages: {dict(faults.found)}")
    assert (newsroom.objects(), newsroom.items()) == (objects, items)
