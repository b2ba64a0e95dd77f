"""Dispatch: each source once in each of its intervals, also when it is killed in between."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from mypy_boto3_sqs import SQSClient

from dateline.sources.registry import Source
from dateline.state.records import HealthRecord, UrlState
from dateline.state.table import TableState
from spiders.schedule import Dispatcher, SendError, slot
from tests.conftest import Aws

NOON = datetime(2026, 10, 20, 12, 0, 7, tzinfo=UTC)


def source(name: str, **changes: Any) -> Source:
    values: dict[str, Any] = {"name": name, "country": "ly", "languages": ("en",), "timezone": "Africa/Tripoli"}
    values |= {"home": f"https://{name}.example/", "feeds": (f"https://{name}.example/feed",)}
    return Source(id=name, path=Path(f"ly/{name}.toml"), **(values | changes))


class Queue:
    """The crawl queue, in moto."""

    def __init__(self) -> None:
        self.sqs: SQSClient = boto3.client("sqs")
        self.url = self.sqs.create_queue(QueueName="crawl.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]

    def take(self) -> list[dict[str, Any]]:
        """Every message that waits, with its group; they are deleted."""
        messages = []
        while got := self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        ).get("Messages"):
            for message in got:
                messages.append(json.loads(message["Body"]) | {"group": message["Attributes"]["MessageGroupId"]})
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return messages


@pytest.fixture
def queue(aws: Aws) -> Queue:  # noqa: ARG001 (moto)
    return Queue()


def dispatcher(aws: Aws, queue: Queue, *sources: Source) -> Dispatcher:
    return Dispatcher(sources, state=TableState(aws.table), sqs=queue.sqs, queue_url=queue.url)


def test_source_due_each_interval(aws: Aws, queue: Queue) -> None:
    """A source is due once in each interval."""
    gazette = source("gazette", every=30)
    minutes = range(0, 120, 5)
    sent = [dispatcher(aws, queue, gazette).send_due(NOON + timedelta(minutes=minute)) for minute in minutes]
    # At once, since it was never crawled, and then at the start of the next four half hours.
    assert sum(map(len, sent)) in (4, 5)
    assert sent[0] == ["gazette"]
    crawls = [message["crawl"] for message in queue.take()]
    assert len(set(crawls)) == sum(map(len, sent))
    assert crawls[0] == f"{slot(gazette, NOON):%Y%m%dT%H%M%SZ}-schedule"


def test_message_grouped_by_host(aws: Aws, queue: Queue) -> None:
    """A message names its crawl and waits behind its host."""
    arabic = source("gazette-ar", home="https://gazette.example/ar/")
    english = source("gazette-en", home="https://gazette.example/en/")
    dispatcher(aws, queue, arabic, english).send_due(NOON)
    messages = queue.take()
    assert {message["source"] for message in messages} == {"gazette-ar", "gazette-en"}
    assert {message["group"] for message in messages} == {"gazette.example"}


def test_many_sources_many_batches(aws: Aws, queue: Queue) -> None:
    """More sources than a batch takes."""
    sources = [source(f"outlet-{number:02}") for number in range(27)]
    assert dispatcher(aws, queue, *sources).send_due(NOON) == [outlet.id for outlet in sources]
    assert len(queue.take()) == 27
    assert dispatcher(aws, queue, *sources).send_due(NOON) == []


@pytest.mark.parametrize("call", ["SendMessageBatch", "BatchWriteItem"])
def test_killed_dispatch_ends_same(aws: Aws, queue: Queue, call: str) -> None:
    """Killed in between nothing is lost or doubled."""

    def kill(*_: Any, model: Any, **__: Any) -> None:
        if model.name == call:
            raise KeyboardInterrupt

    for client in (aws.table.meta.client, queue.sqs):
        client.meta.events.register("before-call", kill)
    with pytest.raises(KeyboardInterrupt):
        dispatcher(aws, queue, source("gazette")).send_due(NOON)
    for client in (aws.table.meta.client, queue.sqs):
        client.meta.events.unregister("before-call", kill)
    assert dispatcher(aws, queue, source("gazette")).send_due(NOON + timedelta(seconds=60)) == ["gazette"]
    assert len(queue.take()) == 1, "sent again in the same interval, it is the same message"


def test_refused_messages_stay_due(aws: Aws, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the queue does not take stays due."""
    failed = {"Failed": [{"Id": "1", "Code": "InternalError", "SenderFault": False}]}
    monkeypatch.setattr(queue.sqs, "send_message_batch", lambda **_: failed)
    with pytest.raises(SendError, match="courier"):
        dispatcher(aws, queue, source("gazette"), source("courier")).send_due(NOON)
    assert TableState(aws.table).asked(["gazette", "courier"]).keys() == {"gazette"}


def test_due_pages_cause_crawl(aws: Aws, queue: Queue) -> None:
    """A source whose pages are due is asked for once in between."""
    gazette, state = source("gazette", every=1440), TableState(aws.table)
    page = UrlState(url="https://gazette.example/a", source="gazette", due="2026-10-20T12:20:00Z")
    dispatcher(aws, queue, gazette).send_due(NOON)
    queue.take()
    state.restore([page], [], [HealthRecord(source="gazette", crawled_at="2026-10-20T12:01:00Z")])
    sent = [dispatcher(aws, queue, gazette).send_due(NOON + timedelta(minutes=minute)) for minute in (15, 20, 21)]
    assert sent == [[], ["gazette"], ["gazette"]]
    (message,) = queue.take()
    assert (message["crawl"], message["revisits_only"]) == ("20261020T122000Z-revisit", True)
    state.restore([], [], [HealthRecord(source="gazette", crawled_at="2026-10-20T12:23:00Z")])
    dispatcher(aws, queue, gazette).send_due(NOON + timedelta(minutes=25))
    assert [message["crawl"] for message in queue.take()] == ["20261020T122300Z-revisit"]


def test_failing_source_backs_off(aws: Aws, queue: Queue) -> None:
    """A source that fails is left alone and never forgotten."""
    TableState(aws.table).restore([], [], [HealthRecord(source="gazette", failures=3, retry_at="2026-10-20T18:00:00Z")])
    hours = [dispatcher(aws, queue, source("gazette")).send_due(NOON + timedelta(hours=hour)) for hour in range(8)]
    assert [bool(sent) for sent in hours] == [False] * 6 + [True] * 2


@pytest.mark.parametrize("every", [1, 7, 30, 1440, 10080])
def test_intervals_follow_each_other(every: int) -> None:
    gazette = source("gazette", every=every)
    began = slot(gazette, NOON)
    assert began <= NOON < began + timedelta(minutes=every)
    assert slot(gazette, began) == slot(gazette, began + timedelta(minutes=every, seconds=-1)) == began
    assert slot(gazette, began + timedelta(minutes=every)) == began + timedelta(minutes=every)


def test_sources_spread_over_minutes() -> None:
    """Sources begin at minutes of their own."""
    starts = {slot(source(f"outlet-{number}"), NOON).minute for number in range(40)}
    assert len(starts) > 10


def sample(folder: Path, name: str, **lines: str) -> None:
    values = {
        "name": f'"{name}"',
        "home": f'"https://{name}.example/"',
        "country": '"ly"',
        "languages": '["en"]',
        "timezone": '"Africa/Tripoli"',
        "feeds": f'["https://{name}.example/feed"]',
    }
    path = folder / "ly" / f"{name}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(f"{key} = {value}" for key, value in {**values, **lines}.items()))


@pytest.fixture
def handler(aws: Aws, queue: Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The function's module, with five sample sources of which three can be crawled, one in a browser."""
    sample(tmp_path, "sample-gazette")
    sample(tmp_path, "sample-courier")
    sample(tmp_path, "sample-scripts", render="true")
    sample(tmp_path, "sample-refusing", access='"refused"')
    sample(tmp_path, "sample-feedless", feeds="[]")
    monkeypatch.setenv("DATELINE_TABLE", aws.table.name)
    monkeypatch.setenv("DATELINE_CRAWL_QUEUE", queue.url)
    monkeypatch.setenv("DATELINE_SOURCES", str(tmp_path))
    import dispatch  # noqa: PLC0415 (as Lambda imports it)

    dispatch.dispatcher.cache_clear()
    return dispatch.handler


@pytest.mark.parametrize(
    ("scheduled", "expected"),
    [
        ("sample-gazette", {"sample-gazette"}),
        ("sample-gazette,sample-courier", {"sample-gazette", "sample-courier"}),
        ("sample-refusing,sample-feedless,sample-gazette", {"sample-gazette"}),
    ],
)
def test_handler_dispatches_scheduled(
    queue: Queue, handler: Any, monkeypatch: pytest.MonkeyPatch, scheduled: str, expected: set[str]
) -> None:
    """The handler dispatches what is scheduled and can be crawled."""
    monkeypatch.setenv("DATELINE_SCHEDULED", scheduled)
    assert set(handler({}, Context())["sources"]) == expected
    assert {message["source"] for message in queue.take()} == expected


@pytest.mark.parametrize(("render", "expected"), [("", {"sample-gazette"}), ("yes", {"sample-scripts"})])
def test_browser_sources_for_render(
    handler: Any, monkeypatch: pytest.MonkeyPatch, render: str, expected: set[str]
) -> None:
    """A source that needs a browser is for the render stack alone."""
    monkeypatch.setenv("DATELINE_SCHEDULED", "sample-gazette,sample-scripts")
    monkeypatch.setenv("DATELINE_RENDER", render)
    assert set(handler({}, Context())["sources"]) == expected


class Context:
    """As much of the Lambda context as the logger reads."""

    function_name = "dispatch"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:dispatch"
    aws_request_id = "00000000-0000-0000-0000-000000000000"
