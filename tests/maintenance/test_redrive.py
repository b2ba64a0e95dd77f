"""Dead letters of each kind, returned and told again: after it the archive is that of a run without any failure."""

import importlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner, Result

from dateline import instants
from dateline.cli.main import app
from dateline.cli.stack import Stack
from dateline.index.index import Index
from dateline.keys import crawl_names, object_keys
from dateline.keys.object_keys import Stem
from dateline.maintenance import dead_letters, retelling
from dateline.maintenance.withdraw import Withdrawing
from dateline.messages import CrawlMessage, ReextractMessage, capture_event, captures_of
from dateline.query.query import Query
from dateline.search.index.cache import Cache
from dateline.search.index.indexing import Indexing
from dateline.search.index.rebuild import Difference, SearchRebuild
from tests.conftest import Aws, emulated
from tests.support.samples import NOON, Newsroom

FUNCTIONS = {"EventsFunction": "events", "SearchFunction": "search"}
DEAD = ("CrawlDeadLetters", "ExtractDeadLetters", "EventsDeadLetters", "SearchDeadLetters")
QUEUES = ("CrawlQueue", "ExtractQueue", *DEAD, "Subscriber")
LATER = timedelta(days=20)  # of the second chapter: in another month


class Invoker:
    """Stands for Lambda: calls the functions' own handlers, or fails as a broken one does."""

    def __init__(self) -> None:
        self.broken = False

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 (boto3's names)
        if self.broken:
            return {"FunctionError": "Unhandled", "Payload": Body(b'{"errorMessage": "no bus"}')}
        answer = importlib.import_module(FUNCTIONS[FunctionName]).handler(json.loads(Payload), Context())
        return {"Payload": Body(json.dumps(answer).encode())}


@dataclass
class Body:
    data: bytes

    def read(self) -> bytes:
        return self.data


class Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "sample"

    def get_remaining_time_in_millis(self) -> int:
        return 600_000


class Emulated(Stack):
    """A stack in moto."""

    def client(self, service: str, *, timeout: float = 60) -> Any:  # noqa: ARG002
        session: Any = boto3.Session()  # typed for literal names of services alone
        return LAMBDA if service == "lambda" else session.client(service)


LAMBDA = Invoker()


@dataclass
class Line:
    """The stages in moto. What fails lands in its dead-letter queue, as SQS and Lambda put it there."""

    aws: Aws
    folder: Path
    failing: set[str]
    urls: dict[str, str] = field(default_factory=dict)
    read: int = 0

    def __post_init__(self) -> None:
        sqs = boto3.client("sqs")
        for name in QUEUES:
            fifo: Any = {"FifoQueue": "true"} if name.startswith("Crawl") else {}
            self.urls[name] = sqs.create_queue(QueueName=f"{name}{'.fifo' if fifo else ''}", Attributes=fifo)[
                "QueueUrl"
            ]
        self.newsroom = Newsroom(self.aws)

    def send(self, stage: str, body: str) -> None:
        """Send a message, which its function takes or fails at."""
        queue = self.urls[f"{stage.title()}{'DeadLetters' if stage in self.failing else 'Queue'}"]
        fifo: Any = {"MessageGroupId": "news.example.org", "MessageDeduplicationId": f"{hash(body)}"}
        boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=body, **(fifo if stage == "crawl" else {}))
        self.deliver()

    def deliver(self) -> None:
        """Have the functions of both queues work them off."""
        for body in self.taken("CrawlQueue"):
            message = CrawlMessage.from_json(body)
            pages, status = PAGES[message.crawl]
            key = self.newsroom.put(Stem("sample", message.crawl, 0), *pages, status=status)
            self.send("extract", capture_event(self.aws.captures, key))
        for body in self.taken("ExtractQueue"):
            for key in captures_of(body):
                at = crawl_names.crawl_time(object_keys.parse(key).crawl) + timedelta(minutes=5)
                self.newsroom.archive(clock=lambda: at).add(key)  # noqa: B023

    def taken(self, queue: str) -> list[str]:
        sqs, bodies = boto3.client("sqs"), []
        while got := sqs.receive_message(QueueUrl=self.urls[queue], MaxNumberOfMessages=10).get("Messages"):
            for message in got:
                bodies.append(message["Body"])
                sqs.delete_message(QueueUrl=self.urls[queue], ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def stream(self) -> None:
        """Hand what is new in the table's stream to both functions, or its position to their dead letters."""
        records = self.new_records()
        for name, module in FUNCTIONS.items():
            if module in self.failing:
                position = self.position(records)
                queue = self.urls[f"{module.title()}DeadLetters"]
                boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(position))
            else:
                kept = [retelling._plain(record) for record in records if retelling._is_of_story(record)]
                retelling.tell(kept, lambda event: LAMBDA.invoke(FunctionName=name, Payload=event))  # noqa: B023

    def new_records(self) -> list[Any]:
        client, arn = boto3.client("dynamodbstreams"), self.aws.table.latest_stream_arn
        (shard,) = client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        start = client.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        found: list[Any] = client.get_records(ShardIterator=start["ShardIterator"])["Records"]
        new, self.read = found[self.read :], len(found)
        return new

    def position(self, records: list[Any]) -> dict[str, Any]:
        """Lambda's message on a discarded batch of the second chapter, whose instants are those of its captures."""
        arn = self.aws.table.latest_stream_arn
        shards = boto3.client("dynamodbstreams").describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        batch = {
            "streamArn": arn,
            "shardId": shards[0]["ShardId"],
            "startSequenceNumber": records[0]["dynamodb"]["SequenceNumber"],
            "endSequenceNumber": records[-1]["dynamodb"]["SequenceNumber"],
            "approximateArrivalOfFirstRecord": instants.utc(NOON + LATER, "seconds"),
            "approximateArrivalOfLastRecord": instants.utc(NOON + LATER + timedelta(hours=9), "seconds"),
            "batchSize": len(records),
        }
        return {"requestContext": {"condition": "RetryAttemptsExhausted"}, "DDBStreamBatchInfo": batch}

    def events(self) -> list[tuple[str, str]]:
        """What a subscriber has got, each event once: its kind and id."""
        told = [json.loads(body) for body in self.taken("Subscriber")]
        return sorted({(each["detail-type"], each["detail"]["id"]) for each in told})

    def differences(self) -> list[Difference]:
        """How the search index differs from the table."""
        query = Query(self.aws.deployment)
        indexing = Indexing(s3=self.aws.s3, index=Index(self.aws.table), bucket=self.aws.archive, read=query.article)
        cache = Cache(self.folder / "check")
        rebuild = SearchRebuild(s3=self.aws.s3, query=query, indexing=indexing, bucket=self.aws.archive, cache=cache)
        return list(rebuild.check())

    def archive(self) -> dict[str, bytes]:
        return {key: data for key, data in self.newsroom.objects().items() if not key.startswith(object_keys.SEARCH)}


def crawl(days: timedelta, hours: int) -> str:
    return crawl_names.crawl_name(NOON + days + timedelta(hours=hours), "test")


# By crawl: its pages, and how the server answers. An undated story is filed under its first capture's month.
OK, GONE = "200 OK", "404 Not Found"
PORT, BRIDGE = ("a", "Port reopens|The cranes work."), ("c", "Le pont dated|Il tient.")
ARABIC, TURKISH = ("b", "ميناء طرابلس dated|عادت الرافعات."), ("d", "Liman açıldı dated|Vinçler çalışıyor.")
PAGES: dict[str, tuple[tuple[tuple[str, str], ...], str]] = {
    crawl(timedelta(), 0): ((PORT, ARABIC, BRIDGE, TURKISH, ("e", "Withdrawn later dated|Words.")), OK),
    crawl(timedelta(), 1): ((("c", "not here"),), GONE),
    crawl(LATER, 0): ((("a", "Port reopens dated|The cranes work again."), ("f", "Nouvelle|Texte.")), OK),
    crawl(LATER, 1): ((("b", "not here"), ("d", "not here")), GONE),
    crawl(LATER, 2): ((BRIDGE, TURKISH), OK),
}


def chapters(line: Line) -> None:
    """Two chapters: the first is told without a failure, whatever fails in the second."""
    failing, line.failing = line.failing, set()
    told = False
    for name in PAGES:
        if crawl_names.crawl_time(name) >= NOON + LATER and not told:
            line.stream()
            line.failing, told = failing, True
        line.send("crawl", CrawlMessage(source="sample", crawl=name).to_json())


def finish(line: Line) -> None:
    """Withdraw a story, and hand on the rest of the stream."""
    (story,) = [each for each in line.newsroom.query().of_all() if each["url"].endswith("/e")]
    Withdrawing(line.aws.deployment, clock=lambda: NOON + LATER + timedelta(hours=3)).withdraw(story, "a court's order")
    line.stream()


@contextmanager
def lines(template: dict[str, Any], folder: Path) -> Iterator[Callable[..., Line]]:
    """Starts a line whose stages fail in the second chapter."""
    view: Any = template["Resources"]["IndexTable"]["Properties"]["StreamSpecification"]
    with emulated(template) as aws, pytest.MonkeyPatch.context() as patch:
        aws.s3.put_bucket_versioning(Bucket=aws.captures, VersioningConfiguration={"Status": "Enabled"})
        aws.table.update(StreamSpecification={"StreamEnabled": True} | view)
        aws.table.reload()
        names = {"CAPTURE_BUCKET": aws.captures, "ARCHIVE_BUCKET": aws.archive, "TABLE": aws.table.name}
        for name, value in (names | {"EVENT_BUS": "dateline"}).items():
            patch.setenv(f"DATELINE_{name}", value)
        patch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Dateline")
        patch.setenv("XDG_CACHE_HOME", f"{folder}")
        patch.setattr(dead_letters, "_POLL", 0)  # moto waits as SQS does
        patch.setattr(LAMBDA, "broken", False)
        for module in FUNCTIONS.values():
            for found in vars(importlib.import_module(module)).values():
                getattr(found, "cache_clear", lambda: None)()

        def begin(*failing: str) -> Line:
            line = Line(aws, folder, {*failing})
            _subscribe(line.urls["Subscriber"])
            outputs = {"CaptureBucket": aws.captures, "ArchiveBucket": aws.archive, "IndexTable": aws.table.name}
            outputs |= line.urls | {name: name for name in FUNCTIONS}
            stack = Emulated(s3=aws.s3, sqs=boto3.client("sqs"), table=aws.table, outputs=outputs)
            patch.setattr(Stack, "find", lambda _: stack)
            return line

        yield begin


@pytest.fixture
def start(template: dict[str, Any], tmp_path: Path) -> Iterator[Callable[..., Line]]:
    with lines(template, tmp_path) as begin:
        yield begin


def _subscribe(queue: str) -> None:
    arn = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    bus = boto3.client("events")
    bus.create_event_bus(Name="dateline")
    bus.put_rule(Name="all", EventBusName="dateline", EventPattern=json.dumps({"source": ["dateline"]}))
    bus.put_targets(Rule="all", EventBusName="dateline", Targets=[{"Id": "queue", "Arn": arn}])


def redrive(*options: str) -> Result:
    return CliRunner().invoke(app, ["redrive", *options])


@pytest.fixture(scope="module")
def undisturbed(template: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Archive, items and events of a run without failures."""
    with lines(template, tmp_path_factory.mktemp("undisturbed")) as begin:
        line = begin()
        chapters(line)
        finish(line)
        return line.archive(), line.newsroom.items(), line.events()


def test_undisturbed_run_is_complete(undisturbed: Any) -> None:
    """Undisturbed run has every kind of event."""
    kinds = {kind for kind, _ in undisturbed[2]}
    assert kinds == {f"article.{kind}" for kind in ("archived", "revised", "gone", "returned", "withdrawn")}


@pytest.mark.parametrize(
    ("failing", "expired"), [("crawl", False), ("extract", False), ("events search", False), ("events search", True)]
)
def test_returned_letters_are_archived(
    start: Callable[..., Line],
    undisturbed: Any,
    failing: str,
    expired: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Returned letters leave the archive of an undisturbed run."""
    line = start(*failing.split())
    chapters(line)
    for _ in range(2):  # a returned crawl makes captures, whose extraction fails in its turn
        assert redrive("--return", "--yes", "--queue", "crawl", "--queue", "extract").exit_code == 0
        line.failing -= {"crawl", "extract"}
        line.deliver()
    finish(line)
    if expired:
        monkeypatch.setattr(retelling, "_read", _trimmed)
    told = redrive("--return", "--yes")
    assert told.exit_code == 0, told.output
    assert ("told from the table" in told.stderr) == expired
    archive, items, events = undisturbed
    assert line.archive() == archive
    assert line.newsroom.items() == items
    assert line.events() == events
    assert line.differences() == []
    assert redrive().stderr == "no dead letters\n"


def _trimmed(*_: Any) -> Iterator[Any]:
    error = {"Error": {"Code": "TrimmedDataAccessException"}}
    raise ClientError(error, "GetShardIterator")  # type: ignore[arg-type]


def test_letters_are_described(start: Callable[..., Line]) -> None:
    """Each letter says what it is."""
    line = start("crawl", "extract", "events", "search")
    sqs, urls = boto3.client("sqs"), line.urls
    line.failing = {"crawl", "extract"}
    line.send("crawl", CrawlMessage(source="sample", crawl="20190417T120000Z-test", since="2019-04-01").to_json())
    line.send("extract", capture_event("captures", "captures/sample/2019/04/17/20190417T120000Z-test-0.warc.gz"))
    line.send("extract", ReextractMessage(run="run-1", key="captures/x.warc.gz").to_json())
    line.newsroom.index.counters.add("sample", "2019-04-17", "k", {})  # a record, so that there is a position
    position = line.position(line.new_records()[:1])
    sqs.send_message(QueueUrl=urls["EventsDeadLetters"], MessageBody=json.dumps(position))
    sqs.send_message(QueueUrl=urls["SearchDeadLetters"], MessageBody="سطر غير مفهوم")
    listed = redrive()
    for words in (
        "crawl of sample: 20190417T120000Z-test, since 2019-04-01",
        "extraction of captures/sample/2019/04/17/20190417T120000Z-test-0.warc.gz",
        "re-extraction run-1 of captures/x.warc.gz",
        "1 change of the table, 2019-05-07 12:00:00 to 2019-05-07 21:00:00",
        "not a message of this queue: سطر غير مفهوم",
    ):
        assert words in listed.output
    assert "crawl 1, extract 2, events 1, search 1" in listed.stderr
    as_json = [json.loads(line) for line in redrive("--json").stdout.splitlines()]
    assert [each["queue"] for each in as_json] == ["crawl", "extract", "extract", "events", "search"]


def test_unreturnable_letters_stay(start: Callable[..., Line]) -> None:
    """One that no function could read, and a position whose function fails; --drop deletes them."""
    line = start("events")
    chapters(line)
    finish(line)
    boto3.client("sqs").send_message(QueueUrl=line.urls["ExtractDeadLetters"], MessageBody='{"Records": []}')
    LAMBDA.broken = True
    failed = redrive("--return", "--yes")
    assert failed.exit_code == 1
    assert "extract stays: not a message of this queue: it names no WARC file" in failed.stderr
    assert "events stays: EventsFunction failed: {'errorMessage': 'no bus'}" in failed.stderr
    assert "extract 1, events 1" in redrive().stderr
    assert redrive("--drop", "--yes", "--queue", "extract").exit_code == 0
    assert redrive().stderr.startswith("events 1;")


def test_drop_needs_yes(start: Callable[..., Line]) -> None:
    """Nothing is dropped without a yes."""
    line = start()
    boto3.client("sqs").send_message(QueueUrl=line.urls["ExtractDeadLetters"], MessageBody="{}")
    refused = CliRunner().invoke(app, ["redrive", "--drop"], input="n\n")
    assert refused.exit_code == 1
    assert "drop for good 1 dead letter (extract 1)?" in refused.stderr
    assert CliRunner().invoke(app, ["redrive", "--drop"], input="y\n").exit_code == 0
    assert redrive().stderr == "no dead letters\n"
    assert redrive("--drop", "--return").exit_code == 2


def test_many_letters_of_host(start: Callable[..., Line]) -> None:
    """A FIFO queue hands out ten of a group, and the next ones after these."""
    line = start()
    line.failing = {"crawl"}
    for hour in range(23):
        line.send("crawl", CrawlMessage(source="sample", crawl=crawl(timedelta(), hour)).to_json())
    assert redrive("--return", "--yes").exit_code == 0
    sent = [CrawlMessage.from_json(body).crawl for body in line.taken("CrawlQueue")]
    assert sent == [crawl(timedelta(), hour) for hour in range(23)]
