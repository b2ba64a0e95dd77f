"""Crawls as the function runs them: one after the other, in time, once each, whatever is killed in between."""

import gc
import io
import resource
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from warcio.archiveiterator import ArchiveIterator

from dateline.capture import Batch, metadata, read
from dateline.keys import item_keys, object_keys
from dateline.keys.object_keys import Stem
from dateline.messages import CrawlMessage, CrawlReport, RoundMessage
from dateline.state.crawl_state import CrawlState
from spiders.collector import Collector
from spiders.runs import runner
from spiders.state.stores import BucketStore
from tests.conftest import Aws
from tests.support.outlet import CRAWL, Answer, Outlet, Shelf, answer, crawl, item, rss

SOURCE = "sample-gazette"


def outlet_of(stories: int) -> Outlet:
    pages = {f"/{number}": answer(f"<h1>Story {number}") for number in range(stories)}
    return Outlet({"/feed": answer(rss(*(item(path) for path in pages))), **pages})


def store(aws: Aws, crawl_name: str = CRAWL) -> BucketStore:
    return BucketStore(aws.s3, aws.captures, source=SOURCE, crawl=crawl_name)


def deliver(aws: Aws, outlet: Outlet) -> CrawlReport:
    """One delivery of the crawl message to the deployed bucket and table."""
    return crawl(outlet.source(), store=store(aws), state=CrawlState(aws.deployment))


def captured(aws: Aws) -> dict[str, list[str]]:
    """The paths in each WARC file."""
    objects = aws.s3.list_objects_v2(Bucket=aws.captures, Prefix="captures/").get("Contents", [])
    return {found["Key"]: [page.url.split("/", 3)[3] for page in load(aws, found["Key"])] for found in objects}


def load(aws: Aws, key: str) -> list[Any]:
    return list(read(io.BytesIO(aws.s3.get_object(Bucket=aws.captures, Key=key)["Body"].read())))


def test_crawl_leaves_captures(aws: Aws) -> None:
    """A crawl leaves captures states and a report."""
    with outlet_of(3) as outlet:
        report = deliver(aws, outlet)
    (key,) = report.captures
    assert key == Stem(SOURCE, CRAWL, 0).capture
    assert captured(aws) == {key: ["0", "1", "2"]}
    body = aws.s3.get_object(Bucket=aws.captures, Key=object_keys.crawl_report(SOURCE, CRAWL))["Body"].read()
    assert CrawlReport.from_json(body) == report
    assert (report.discovered, report.captured) == (3, 3)
    state = CrawlState(aws.deployment).urls([f"{outlet.url}/0"])[f"{outlet.url}/0"]
    assert (state.status, state.source) == (200, SOURCE)


def test_capture_equals_wire(aws: Aws) -> None:
    """A capture is what came over the wire."""
    with outlet_of(1) as outlet:
        (key,) = deliver(aws, outlet).captures
    body = aws.s3.get_object(Bucket=aws.captures, Key=key)["Body"].read()
    records = {
        record.rec_type: record.content_stream().read()
        for record in ArchiveIterator(io.BytesIO(body), no_record_parse=True)
    }
    assert records["request"] == outlet.requests[-1]
    assert records["response"] == answer("<h1>Story 0").data
    assert metadata.read(metadata.MEDIA_TYPE, records["metadata"])["source"] == SOURCE


def test_warm_crawls_flat_memory() -> None:
    """A warm function crawls again and again in flat memory."""
    with outlet_of(40) as outlet:
        crawl(outlet.source())
        grown = []
        for _ in range(3):
            before = resident()
            assert crawl(outlet.source()).captured == 40
            gc.collect()
            grown.append(resident() - before)
    assert sum(thread.name == "reactor" for thread in threading.enumerate()) == 1
    assert min(grown) < 2 << 20, f"each crawl kept memory: {grown} bytes"


def resident() -> int:
    """Bytes of this process in memory now (where that can't be had, at most)."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def test_redelivered_crawl_is_one(aws: Aws) -> None:
    """A message delivered twice is one crawl."""
    with outlet_of(3) as outlet:
        first = deliver(aws, outlet)
        asked = len(outlet.requests)
        assert deliver(aws, outlet) == first
        assert len(outlet.requests) == asked
    assert captured(aws) == {key: ["0", "1", "2"] for key in first.captures}


def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pages to an object."""
    monkeypatch.setattr(runner, "Collector", partial(Collector, new_batch=partial(Batch, max_pages=2)))


class Killed(Exception):  # noqa: N818
    """Stands in for the end of the function: no call to AWS gets through after it."""


@pytest.mark.parametrize("call", ["BatchWriteItem", "PutObject"])
def test_killed_before_report(aws: Aws, call: str) -> None:
    """A crawl killed before its states or its report captures nothing twice."""

    def kill(*_: Any, model: Any, params: dict[str, Any], **__: Any) -> None:
        if model.name != call or params["url_path"].startswith("/captures/"):
            return
        if call == "PutObject" or b"ROBOTS" not in params["body"]:  # which is kept before the first page
            raise Killed

    with outlet_of(3) as outlet:
        aws.on_call("before-call", kill)
        with pytest.raises(Killed):
            deliver(aws, outlet)
        aws.off_call("before-call", kill)
        before = captured(aws)
        assert list(before.values()) == [["0", "1", "2"]]
        report = deliver(aws, outlet)
        assert [path for path in outlet.paths() if path != "/feed"] == ["/0", "/1", "/2"]
    assert captured(aws) == before
    assert (report.captures, report.discovered, report.captured) == ({next(iter(before)): 3}, 3, 3)
    assert CrawlState(aws.deployment).urls([f"{outlet.url}/{number}" for number in range(3)]).keys()


def test_killed_crawl_continues(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crawl killed half way goes on from what it stored."""
    small_batches(monkeypatch)
    stored = threading.Event()
    aws.on_call("after-call.s3.PutObject", lambda **_: stored.set())

    def killing(_: bytes) -> Answer:
        assert stored.wait(10)
        aws.on_call("before-call", kill)
        return answer("<h1>Story 3")

    def kill(**_: Any) -> None:
        raise Killed

    with outlet_of(5) as outlet:
        outlet.routes["/3"] = killing
        with pytest.raises(Killed):
            deliver(aws, outlet)
        aws.off_call("before-call", kill)
        assert list(captured(aws).values()) == [["0", "1"]]
        outlet.routes["/3"] = answer("<h1>Story 3")
        report = deliver(aws, outlet)
    assert [path for paths in captured(aws).values() for path in paths] == ["0", "1", "2", "3", "4"]
    assert (report.discovered, report.captured, report.left) == (5, 5, 0)


def test_refusing_bucket_ends_crawl(aws: Aws) -> None:
    """A bucket that refuses ends the crawl."""

    def refuse(*_: Any, model: Any, params: dict[str, Any], **__: Any) -> None:
        if model.name == "PutObject" and params["url_path"].startswith("/captures/"):
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")

    aws.on_call("before-call", refuse)
    with outlet_of(2) as outlet, pytest.raises(ClientError, match="AccessDenied"):
        deliver(aws, outlet)
    assert store(aws).report() is None


def test_deadline_leaves_rest() -> None:
    """The deadline leaves the rest and keeps what there is."""
    over = threading.Event()

    def hang(_: bytes) -> Answer:
        over.wait(10)
        return answer("late")

    with outlet_of(4) as outlet:
        outlet.routes["/2"] = hang
        report = crawl(outlet.source(), shelf := Shelf(), seconds=runner.STOP_BEFORE + 0.8)
        over.set()
    assert [page.url[-2:] for page in shelf.pages] == ["/0", "/1"]
    assert (report.discovered, report.captured, report.left, report.failures) == (4, 2, 2, [])
    assert not shelf.validators, "the feed is read again"


def test_no_time_no_crawl() -> None:
    """A crawl without time does nothing and says so."""
    with outlet_of(2) as outlet:
        report = crawl(outlet.source(), seconds=0)
    assert (report.discovered, report.captured, outlet.requests) == (0, 0, [])
    assert all("time is up" in (visit.error or "") or "robots" in (visit.error or "") for visit in report.feeds)


def test_a_limit_leaves_the_rest() -> None:
    with outlet_of(5) as outlet:
        report = crawl(outlet.source(), shelf := Shelf(), limit=2)
        assert (report.captured, report.left) == (2, 3)
        report = crawl(outlet.source(), shelf)
    assert (report.captured, report.known, report.left) == (3, 2, 0)


def test_batches_close_meanwhile(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches close while the crawl goes on."""
    small_batches(monkeypatch)
    with outlet_of(5) as outlet:
        report = deliver(aws, outlet)
    assert list(report.captures.values()) == [2, 2, 1]
    assert [len(paths) for paths in captured(aws).values()] == [2, 2, 1]


def event(*bodies: str) -> dict[str, Any]:
    """What SQS gives the function."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": "x",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": "127.0.0.1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:crawl.fifo",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


class Context:
    """As much of the Lambda context as the handlers read."""

    function_name = "crawl"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:crawl"
    aws_request_id = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 120_000


@pytest.fixture
def handler(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DATELINE_CAPTURE_BUCKET", aws.captures)
    monkeypatch.setenv("DATELINE_ARCHIVE_BUCKET", aws.archive)
    monkeypatch.setenv("DATELINE_TABLE", aws.table.name)
    import crawl as module  # noqa: PLC0415 (as Lambda imports it)

    module.settings.cache_clear()
    module.sources.cache_clear()
    module.rounds.cache_clear()
    return module


def test_handler_crawls_message(aws: Aws, handler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The handler crawls what the message names."""
    with outlet_of(2) as outlet:
        monkeypatch.setattr(handler, "sources", lambda: {SOURCE: outlet.source()})
        message = CrawlMessage(source=SOURCE, crawl=CRAWL)
        assert handler.handler(event(message.to_json()), Context()) == {"batchItemFailures": []}
    assert list(captured(aws).values()) == [["0", "1"]]


def test_handler_continues_and_counts(aws: Aws, handler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The handler asks for the rest and counts the crawl once."""
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName="crawl.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    monkeypatch.setenv("DATELINE_CRAWL_QUEUE", queue)
    monkeypatch.setattr(runner, "STOP_BEFORE", Context().get_remaining_time_in_millis() / 1000 - 1)
    message = CrawlMessage(source=SOURCE, crawl=CRAWL)
    with outlet_of(30) as outlet:
        monkeypatch.setattr(handler, "sources", lambda: {SOURCE: outlet.source(delay=0.2)})
        for _ in range(2):  # the second time as if it had been killed before it asked
            assert handler.handler(event(message.to_json()), Context()) == {"batchItemFailures": []}
    report = store(aws).report()
    assert report
    assert report.continued_by
    (sent,) = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"])[
        "Messages"
    ]
    rest = RoundMessage.from_json(sent["Body"])
    assert rest.crawls == (message.continued(report.continued_by),)
    assert sent["Attributes"]["MessageGroupId"] == rest.shard == "127.0.0.1", "as the message that it continues"
    counters = aws.table.get_item(Key=item_keys.day(SOURCE, "2026-10-20"))["Item"]
    assert (counters["crawls"], counters["discovered"]) == (1, report.captured)  # what is left counts where it ends


@pytest.mark.parametrize("body", ["not json", "{}", CrawlMessage(source="no-such-outlet", crawl=CRAWL).to_json()])
def test_invalid_message_fails(handler: Any, body: str) -> None:
    """A message that asks for nothing we have fails."""
    from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError  # noqa: PLC0415

    with pytest.raises(BatchProcessingError):
        handler.handler(event(body), Context())
