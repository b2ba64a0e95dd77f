"""The events in tests/events/: each against its handler, in process and under the runtime interface emulator."""

import importlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from dateline.archive.formats import read_outcomes
from dateline.index.index import Index
from dateline.keys import identifiers, object_keys
from dateline.keys.object_keys import Stem
from dateline.messages import CrawlReport, Expect, RoundMessage, captures_of
from dateline.search.index import manifest
from dateline.search.index.rebuild import SearchRebuild
from infra import emulator, newsroom
from infra.local.cloud import Cloud
from tests.conftest import Aws
from tests.support.samples import Newsroom

EVENTS = Path(__file__).parents[1] / "events"
FUNCTIONS = sorted(path.stem for path in EVENTS.glob("*.json"))
ANSWERS: dict[str, Any] = {
    "dispatch": {"sources": ["sample-courrier", "sample-difaf", "sample-gazette"]},
    "crawl": {"batchItemFailures": []},
    "extract": {"batchItemFailures": []},
    "events": {"article.archived": 1},
    "coverage": {},  # whatever days the cloud has
    "compact": {"left": 0, "unread": 0},
    "stamp": {"damaged": 0, "unstamped": 0},
    "maintain": {"done": True},
    "search": {"merged": 0},
    "read": {"statusCode": 200},
}


@dataclass(frozen=True)
class Context:
    """What handlers read of Lambda's context."""

    function_name: str = "sample"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:sample"
    aws_request_id: str = "sample"

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


def event(function: str) -> Any:
    return json.loads((EVENTS / f"{function}.json").read_text("utf-8"))


def body(function: str) -> str:
    """The body of the event's one message."""
    (record,) = event(function)["Records"]
    return str(record["body"])


def handler(function: str) -> Any:
    """The handler of a new container: its module without what it keeps between invocations."""
    return importlib.reload(importlib.import_module(function)).handler


@pytest.fixture
def deployed(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The functions' environment, as the template makes it, on moto and a newsroom; gives the crawl queue's URL."""
    queue = boto3.client("sqs").create_queue(QueueName="crawl.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    boto3.client("events").create_event_bus(Name="dateline")
    with newsroom.serve(tmp_path) as served:
        variables = {
            "CAPTURE_BUCKET": aws.captures,
            "ARCHIVE_BUCKET": aws.archive,
            "TABLE": aws.table.name,
            "CRAWL_QUEUE": queue,
            "EVENT_BUS": "dateline",
            "SIGNING_KEY": str(tmp_path / "signing-key.pem"),
            "SOURCES": str(served.sources),
            "SCHEDULED": ",".join(served.urls),
            "ALLOW_HOSTS": ",".join(urlsplit(url).netloc for url in served.urls.values()),
        }
        for name, value in variables.items():
            monkeypatch.setenv(f"DATELINE_{name}", value)
        yield queue


def test_dispatch_event_requests_crawls(deployed: str) -> None:
    """The dispatch event asks for a crawl of each source."""
    assert handler("dispatch")(event("dispatch"), Context()) == ANSWERS["dispatch"]
    received = boto3.client("sqs").receive_message(QueueUrl=deployed, MaxNumberOfMessages=10)["Messages"]
    rounds = [RoundMessage.from_json(message["Body"]) for message in received]
    sources = sorted(crawl.source for message in rounds for crawl in message.crawls)
    assert sources == ANSWERS["dispatch"]["sources"]


@pytest.mark.usefixtures("deployed")
def test_crawl_event_leaves_captures(aws: Aws) -> None:
    """The crawl event leaves captures and a report."""
    assert handler("crawl")(event("crawl"), Context()) == ANSWERS["crawl"]
    (message,) = RoundMessage.from_json(body("crawl")).crawls
    found = aws.s3.list_objects_v2(Bucket=aws.captures)["Contents"]
    assert {
        Stem(message.source, message.crawl, 0).capture,
        object_keys.crawl_report(message.source, message.crawl),
    } == {each["Key"] for each in found}


@pytest.mark.usefixtures("deployed")
def test_extract_event_leaves_article(aws: Aws) -> None:
    """The extract event leaves an article."""
    emulator.put_captures(aws.s3, aws.captures, event("extract"), EVENTS / "extract.html")
    assert handler("extract")(event("extract"), Context()) == ANSWERS["extract"]
    (key,) = captures_of(body("extract"))
    outcomes = aws.s3.get_object(Bucket=aws.archive, Key=object_keys.parse(key).outcomes)["Body"].read()
    assert [page.outcome for page in read_outcomes(outcomes)] == ["archived"]


@pytest.mark.usefixtures("deployed")
def test_events_event_reaches_bus() -> None:
    """The events event is put on the bus."""
    bus, sqs = boto3.client("events"), boto3.client("sqs")
    queue = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bus.put_rule(Name="all", EventBusName="dateline", EventPattern='{"source": ["dateline"]}')
    bus.put_targets(Rule="all", EventBusName="dateline", Targets=[{"Id": "queue", "Arn": arn}])
    assert handler("events")(event("events"), Context()) == ANSWERS["events"]
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["detail"]["story"]["source"] == "sample-event"


@pytest.mark.usefixtures("deployed")
def test_coverage_event_leaves_report(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    """The coverage event leaves a report."""
    report = CrawlReport(source="sample-gazette", crawl="20260105T060000Z-sample", started_at="", expect=Expect(1, 9))
    aws.s3.put_object(
        Bucket=aws.captures, Key=object_keys.crawl_report(report.source, report.crawl), Body=report.to_json().encode()
    )
    Index(aws.table).counters.add_crawl(report)
    assert handler("coverage")(event("coverage"), Context()) == {"days": ["2026-01-05"]}
    assert '"source_low":[1.0]' in capsys.readouterr().out
    assert handler("coverage")(event("coverage"), Context()) == {"days": []}
    assert object_keys.coverage_report("2026-01-05") in Newsroom(aws).objects()


@pytest.mark.usefixtures("deployed")
def test_silent_sources_are_named(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The topic of alarms gets the names of the silent sources, each with its own measure."""
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    topic, queue = sns.create_topic(Name="alarms")["TopicArn"], sqs.create_queue(QueueName="mail")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    monkeypatch.setenv("DATELINE_ALARM_TOPIC", topic)
    for day, stories in (("01", 1), ("08", 0)):
        report = CrawlReport(source="sample-gazette", crawl=f"202601{day}T060000Z-sample", started_at="")
        Index(aws.table).counters.add_crawl(report)
        aws.s3.put_object(Bucket=aws.captures, Key=object_keys.crawl_report(report.source, report.crawl), Body=b"{}")
        Index(aws.table).counters.add(report.source, f"2026-01-{day}", report.crawl, {"archived": stories})
    handler("coverage")(event("coverage") | {"time": "2026-01-09T03:15:00Z"}, Context())
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    told = json.loads(message["Body"])
    assert told["Subject"] == "Dateline: 1 silent source on 2026-01-08"
    assert told["Message"].startswith("sample-gazette: no story for 7 days; usual: under 7")


@pytest.mark.usefixtures("deployed")
def test_stamp_event_signs_roots(aws: Aws) -> None:
    """The trees of whole days are written and signed; today's waits."""
    Newsroom(aws).capture(("a", "A dated story|Words."))
    assert handler("stamp")(event("stamp"), Context())["days"] == 0
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    answer = handler("stamp")({"time": tomorrow.isoformat()}, Context())
    assert answer == {"days": 1, "records": 4, "damaged": 0, "signed": 1, "stamped": 0, "promised": 0, "unstamped": 0}


@pytest.mark.usefixtures("deployed")
def test_compact_event_leaves_file(aws: Aws) -> None:
    """The compact event leaves a file."""
    newsroom = Newsroom(aws)
    newsroom.archive().add(newsroom.capture(("a", "A dated story|Words.")))
    assert handler("compact")(event("compact"), Context()) == {"partitions": 1, "written": 1, **ANSWERS["compact"]}
    assert object_keys.part("ly", "2019-04", 1) in newsroom.objects()


@pytest.mark.usefixtures("deployed")
def test_search_event_leaves_a_part(aws: Aws) -> None:
    """A record of the stream makes a story's shard say what the table says of it; the schedule merges parts."""
    newsroom = Newsroom(aws)
    newsroom.archive().add(newsroom.capture(("a", "A dated story|Words.")))
    told = json.dumps(event("search"))
    for before, now in (
        ("aq4bqqh2c3lmmiqx2obgltivqa", identifiers.article_id("http://news.example.org/a")),
        ("2026-01", "2019-04"),
    ):
        told = told.replace(before, now)
    assert handler("search")(json.loads(told), Context()) == {"stories": 1, "parts": 1, "hits": 0, **ANSWERS["search"]}
    (part,) = manifest.read(aws.s3, aws.archive).months["2019-04"]
    assert part.stories == 1
    assert handler("search")({"source": "aws.scheduler"}, Context()) == {"merged": 0, "deleted": 0, "mails": 0}


@pytest.mark.usefixtures("deployed")
def test_read_event_lists_stories(aws: Aws) -> None:
    """The function URL's event gets a page of stories as JSON."""
    newsroom = Newsroom(aws, source="sample-gazette")
    newsroom.archive().add(newsroom.capture(("a", "A dated story|Words.")))
    SearchRebuild.of(aws.s3, aws.table, aws.archive).run()
    found = handler("read")(event("read"), Context())
    assert (found["statusCode"], found["headers"]["Content-Type"]) == (200, "application/json")
    assert [story["title"] for story in json.loads(found["body"])["stories"]] == ["A dated story"]


@pytest.mark.cloud
@pytest.mark.parametrize("function", FUNCTIONS)
def test_event_under_emulator(cloud: Cloud, capfd: pytest.CaptureFixture[str], function: str) -> None:
    """An event runs under the emulator."""
    status = emulator.main([function, str(EVENTS / f"{function}.json"), "--folder", str(cloud.folder)])
    assert status == 0
    answer = json.loads(capfd.readouterr().out)
    assert {name: answer[name] for name in ANSWERS[function]} == ANSWERS[function]


@pytest.mark.cloud
def test_failure_under_emulator(cloud: Cloud, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A function that fails under the emulator is told."""
    (tmp_path / "event.json").write_text('{"Records": 7}', "utf-8")
    assert emulator.main(["extract", str(tmp_path / "event.json"), "--folder", str(cloud.folder)]) == 1
    assert "errorType" in json.loads(capfd.readouterr().out)


@pytest.mark.cloud
def test_sam_passes_environment(cloud: Cloud, template: dict[str, Any]) -> None:
    """Sam local invoke passes on the whole environment file."""
    # It gives a function only those variables of the file that the template declares.
    shared = set(template["Globals"]["Function"]["Environment"]["Variables"])
    for function, variables in json.loads((cloud.folder / "env.json").read_text("utf-8")).items():
        own = set(template["Resources"][function]["Properties"]["Environment"]["Variables"])
        assert set(variables) == own | shared
