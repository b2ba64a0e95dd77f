"""Runs the functions' handlers on moto over sample pages, and meters what each stage consumes."""

import functools
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from dateline.archive import former_ids
from dateline.aws import clients
from dateline.keys import item_keys, object_keys
from dateline.messages import CrawlMessage
from dateline.state.crawl_state import CrawlState
from infra.bench.inputs.pages import BASE, NewsPage
from infra.bench.inputs.synthetic_stories import Piece, pieces
from tests.conftest import Aws
from tests.functions.test_events import Context, handler
from tests.support.meter import Consumed, Item, Meter, TableIndex
from tests.support.outlet import Answer, Outlet, answer, item, rss

SOURCE = "sample-gazette"
PAST = "2026-10-01T00:30:00Z"
_DRAWN = 400  # synthetic stories, of which some seventy are like no other
_TOML = """name = "Sample Gazette"
home = "{home}/"
country = "ly"
languages = ["en", "ar", "fr", "tr"]
timezone = "Africa/Tripoli"
feeds = ["{home}/feed"]
delay = 0
"""


@dataclass(slots=True)
class Stages:
    """What crawling and extracting consumed, and what the two functions behind the table's stream did."""

    crawl: Consumed
    extract: Consumed
    search: Consumed
    events: Consumed


class MeteredOutlet:
    """An outlet of sample pages, crawled and archived by the handlers; ``aws`` is empty at first."""

    def __init__(self, aws: Aws, template: Mapping[str, Any], folder: Path, outlet: Outlet) -> None:
        described = template["Resources"]["IndexTable"]["Properties"]["GlobalSecondaryIndexes"]
        self.indexes = [TableIndex.of_template(each) for each in described]
        self._aws, self._outlet, self._crawls = aws, outlet, 0
        self._meter = Meter(aws.table.name, self.indexes, clients.session().get_component("event_emitter"))
        self._handlers: dict[str, Any] = {}
        self._seen: set[str] = set()
        self._client = boto3.session.Session().client("dynamodb")
        (folder / "ly").mkdir(parents=True)
        (folder / "ly" / f"{SOURCE}.toml").write_text(_TOML.format(home=outlet.url))

    def serve(self, pages: Sequence[NewsPage], *, validators: bool = True) -> None:
        """Have the outlet list these pages and have no others."""
        paths = [urlsplit(page.url).path for page in pages]
        answered = _page if validators else answer
        stories = {path: answered(page.html) for path, page in zip(paths, pages, strict=True)}
        self._outlet.routes = {"/feed": answer(rss(*(item(path) for path in paths))), **stories}

    def run(self, **changes: Any) -> Stages:
        """Crawl once, archive what came, and have the stream's readers read of it."""
        self._crawls += 1
        today = datetime.now(UTC)  # a crawl of another day leaves a note for the coverage reports
        message = CrawlMessage(source=SOURCE, crawl=f"{today:%Y%m%d}T{self._crawls:02}0000Z-meter", **changes)
        before = self._items()
        crawl = self._invoke("crawl", [message.to_json()])
        extract = self._invoke("extract", [self._stored(key) for key in self._captures()])
        changed = [_record(before.get(key), found) for key, found in self._items().items() if before.get(key) != found]
        current = [each for each in changed if each["dynamodb"]["Keys"]["SK"]["S"] == item_keys.CURRENT]
        search = self._stream("search", current)
        revisions = [each for each in changed if each["dynamodb"]["Keys"]["SK"]["S"].startswith(item_keys.REVISION)]
        return Stages(crawl, extract, search, self._stream("events", revisions))

    def look_again(self, pages: Sequence[NewsPage]) -> Stages:
        """Have these pages alone be due, and visit them."""
        state = CrawlState(self._aws.deployment)
        found = state.urls(each["url"]["S"] for each in self._items().values() if each["SK"]["S"] == "STATE")
        wanted = {urlsplit(page.url).path for page in pages}
        due = {url: PAST if urlsplit(url).path in wanted else None for url in found}
        state.save_urls(replace(each, due=due[url]) for url, each in found.items())
        return self.run(revisits_only=True)

    def items(self) -> list[Item]:
        """Return the table's items as DynamoDB's JSON has them."""
        return list(self._items().values())

    def _items(self) -> dict[str, Item]:
        pages = self._client.get_paginator("scan").paginate(TableName=self._aws.table.name)
        return {f"{each['PK']['S']} {each['SK']['S']}": each for page in pages for each in page["Items"]}

    def _captures(self) -> list[str]:
        found = self._aws.s3.list_objects_v2(Bucket=self._aws.captures, Prefix=object_keys.CAPTURES)
        new = [each["Key"] for each in found.get("Contents", []) if each["Key"] not in self._seen]
        self._seen |= {*new}
        return new

    def _stored(self, key: str) -> str:
        return json.dumps({"Records": [{"s3": {"object": {"key": key}}, "eventName": "ObjectCreated:Put"}]})

    def _stream(self, function: str, records: Sequence[Any]) -> Consumed:
        return self._listen(function, {"Records": list(records)}) if records else Consumed()

    def _invoke(self, function: str, bodies: Sequence[str]) -> Consumed:
        records = [
            {
                "messageId": f"{number}",
                "receiptHandle": "sample",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": "sample"},
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:sample.fifo",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
        return self._listen(function, {"Records": records}) if records else Consumed()

    def _listen(self, function: str, event: Any) -> Consumed:
        run = self._handlers.get(function) or self._handlers.setdefault(function, handler(function))
        with self._meter.listening() as consumed:
            answered = run(event, Context())
        assert not answered.get("batchItemFailures"), answered
        return consumed


def _page(html: bytes) -> Any:
    """A page with a validator of its bytes: asked for again, it has not changed."""
    etag = f'"{hashlib.sha256(html).hexdigest()[:20]}"'

    def respond(head: bytes) -> Answer:
        return answer(status=304) if f"If-None-Match: {etag}".encode() in head else answer(html, ETag=etag)

    return respond


def _record(before: Item | None, now: Item) -> dict[str, Any]:
    changed = {"Keys": {name: now[name] for name in ("PK", "SK")}, "NewImage": now, "ApproximateCreationDateTime": 1}
    changed |= {"OldImage": before} if before else {}
    return {"eventName": "MODIFY" if before else "INSERT", "eventSource": "aws:dynamodb", "dynamodb": changed}


@contextmanager
def metered_outlet(aws: Aws, template: Mapping[str, Any], folder: Path) -> Iterator[MeteredOutlet]:
    """An outlet on loopback with the functions' environment around it."""
    queue = boto3.client("sqs").create_queue(QueueName="crawl.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    boto3.client("events").create_event_bus(Name="dateline")
    variables = {
        "CAPTURE_BUCKET": aws.captures,
        "ARCHIVE_BUCKET": aws.archive,
        "TABLE": aws.table.name,
        "CRAWL_QUEUE": queue,
        "EXTRACT_QUEUE": queue,
        "EVENT_BUS": "dateline",
        "SOURCES": str(folder / "sources"),
    }
    with pytest.MonkeyPatch.context() as patch, Outlet({}) as outlet:
        patch.setattr(former_ids, "is_web", lambda _: False)  # reads are for pages under http; outlets have https
        for name, value in variables.items():
            patch.setenv(f"DATELINE_{name}", value)
        yield MeteredOutlet(aws, template, folder / "sources", outlet)


def sample_pages(count: int, since: int = 0) -> list[NewsPage]:
    """So many pages of invented stories in four languages, no two alike."""
    return [_made(number, piece) for number, piece in enumerate(_stories()) if since <= number < since + count]


@functools.cache
def _stories() -> list[Piece]:
    first = {piece.story: piece for piece in reversed(pieces(_DRAWN))}
    return [piece for piece in first.values() if piece.kind == "story"]


def _made(number: int, piece: Piece) -> NewsPage:
    url = f"{BASE}/{piece.published:%Y/%m/%d}/a-story-with-a-slug-of-usual-length-{number}"
    page = f"""<html lang="{piece.language}"><head><title>{escape(piece.title)}</title>
<link rel="canonical" href="{urlsplit(url).path}"><meta property="og:type" content="article">
<meta property="article:published_time" content="{piece.published.isoformat()}"></head>
<body><article><h1>{escape(piece.title)}</h1>{"".join(f"<p>{escape(each)}</p>" for each in piece.paragraphs)}</article>
</body></html>"""
    return NewsPage(url, page.encode())
