"""One story through the functions: each one's log lines name its crawl, its capture or its id."""

import io
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from boto3.dynamodb.types import TypeSerializer

from dateline import telemetry
from dateline.aws import dynamodb
from dateline.messages import RoundMessage, capture_event
from tests.conftest import Aws
from tests.functions.test_events import Context, deployed, event, handler
from tests.functions.test_template import RESOURCES

__all__ = ["deployed"]  # the fixture


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What the functions log, from here on."""
    before = telemetry.logger.registered_handler.stream  # type: ignore[attr-defined]
    telemetry.logger.registered_handler.setStream(stream := io.StringIO())  # type: ignore[attr-defined]
    yield stream
    telemetry.logger.registered_handler.setStream(before)  # type: ignore[attr-defined]


def lines(logged: io.StringIO) -> list[dict[str, Any]]:
    """The lines since the last call."""
    found = [json.loads(line) for line in logged.getvalue().splitlines()]
    logged.seek(0)
    logged.truncate()
    return found


def records(aws: Aws) -> dict[str, Any]:
    """The table's stream, as if all items were new."""
    serialize = TypeSerializer().serialize
    return {
        "Records": [
            {
                "eventName": "INSERT",
                "dynamodb": {
                    "ApproximateCreationDateTime": 1767592806,
                    "NewImage": {name: serialize(value) for name, value in item.items()},
                },
            }
            for item in dynamodb.scan(aws.table)
            if item["PK"].startswith("ARTICLE#") and item["SK"].startswith(("REV#", "CURRENT"))
        ]
    }


def test_story_is_followed(aws: Aws, deployed: str, logged: io.StringIO) -> None:
    """From dispatch to search, by the name of the crawl, the key of the capture and the id of the article."""
    handler("dispatch")(event("dispatch"), Context())
    received = boto3.client("sqs").receive_message(QueueUrl=deployed, MaxNumberOfMessages=1)["Messages"]
    message = RoundMessage.from_json(received[0]["Body"])
    crawl = message.crawls[0]
    [sent] = [line for line in lines(logged) if line.get("round") == message.piece]
    assert crawl.crawl in sent["crawls"]
    (record,) = event("crawl")["Records"]
    record["body"] = received[0]["Body"]
    handler("crawl")({"Records": [record]}, Context())
    [crawled] = [line for line in lines(logged) if line.get("source") == crawl.source and line["message"] == "crawled"]
    assert (crawled["crawl"], crawled["round"]) == (crawl.crawl, message.piece)
    capture = crawled["captures"][0]
    (record,) = event("extract")["Records"]
    record["body"] = capture_event(aws.captures, capture)
    handler("extract")({"Records": [record]}, Context())
    of_capture = {"source": crawl.source, "crawl": crawl.crawl, "capture": capture}
    extracted = lines(logged)
    assert [line for line in extracted if not of_capture.items() <= line.items()] == []
    [articles] = [line["articles"] for line in extracted if line["message"] == "capture archived"]
    handler("events")(records(aws), Context())
    told = lines(logged)
    assert [line for line in told if not of_capture.items() <= line.items()] == []
    assert sorted(line["article"] for line in told) == sorted(articles)
    handler("search")(records(aws), Context())
    [indexed] = lines(logged)
    assert sorted(indexed["articles"]) == sorted(articles)
    assert len(articles) > 3


def test_withdrawn_story_is_named(logged: io.StringIO, deployed: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    """A withdrawn story has no capture: its line has the source and the id."""
    image = {
        "PK": "ARTICLE#a",
        "SK": "CURRENT",
        "id": "a",
        "source": "sample-difaf",
        "withdrawn_at": "2026-01-05T06:00:00Z",
    }
    change = {
        "ApproximateCreationDateTime": 1767592806,
        "NewImage": {name: {"S": value} for name, value in image.items()},
    }
    handler("events")({"Records": [{"eventName": "MODIFY", "dynamodb": change}]}, Context())
    [line] = lines(logged)
    assert (line["event"], line["article"], line["source"]) == ("article.withdrawn", "a", "sample-difaf")


@pytest.mark.parametrize("query", ["CrawlQuery", "StoryQuery"])
def test_queries_find_lists(query: str) -> None:
    """The saved queries search the text of a line, too, because lines about several stories list them."""
    text = RESOURCES[query]["Properties"]["QueryString"]
    assert '@message like "' in text
