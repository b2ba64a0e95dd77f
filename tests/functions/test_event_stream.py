"""The table's stream: what is news in it is told once, with a schema, and what is told again says so."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent
from jsonschema import Draft202012Validator
from moto.events.models import EventPattern

from dateline import events, instants
from dateline.events import Bus, Event, Span, UntoldError, of_records, rebuilding, spans
from dateline.index.index import Index
from dateline.keys import item_keys
from dateline.maintenance.rebuild import rebuild
from dateline.maintenance.withdraw import Withdrawing
from dateline.messages import CrawlReport
from dateline.state.crawl_state import CrawlState
from dateline.state.records import UrlState
from tests.conftest import Aws
from tests.support.samples import NOON, KilledError, Newsroom, killer

SCHEMA = json.loads(Path(events.__file__).with_name("events.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
AT = datetime(2026, 10, 20, 12, tzinfo=UTC)


@dataclass
class Stream:
    """The stream of the table, and a bus that the function puts what is new on; a queue has all that was put."""

    aws: Aws
    filters: list[EventPattern]
    queue: str
    seen: set[str] = field(default_factory=set)

    def records(self) -> list[dict[str, Any]]:
        """What was written since the last time, as Lambda hands it over, filtered as the template says."""
        client, arn = boto3.client("dynamodbstreams"), self.aws.table.latest_stream_arn
        (shard,) = client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        start = client.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        found: list[Any] = client.get_records(ShardIterator=start["ShardIterator"])["Records"]
        new = [record for record in found if record["eventID"] not in self.seen]
        self.seen |= {record["eventID"] for record in new}
        for record in new:
            record["dynamodb"]["ApproximateCreationDateTime"] = record["dynamodb"][
                "ApproximateCreationDateTime"
            ].timestamp()
        return [record for record in new if any(each.matches_event(record) for each in self.filters)]

    def told(self) -> list[dict[str, Any]]:
        """Have the function tell what is new, and say what came of it; each holds against the schema."""
        news = list(of_records(DynamoDBStreamEvent({"Records": self.records()}).records))
        bus = Bus(boto3.client("events"), "dateline", archive=self.aws.archive, captures=self.aws.captures)
        bus.put(news, spans(self.aws.s3, self.aws.archive))
        received = list(self._received())
        for each in received:
            VALIDATOR.validate(each)
        return received

    def kinds(self) -> list[str]:
        return [each["detail-type"] for each in self.told()]

    def _received(self) -> Iterator[dict[str, Any]]:
        sqs = boto3.client("sqs")
        while got := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in got:
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
                yield json.loads(message["Body"])


@pytest.fixture
def stream(aws: Aws, template: dict[str, Any]) -> Stream:
    view: Any = template["Resources"]["IndexTable"]["Properties"]["StreamSpecification"]
    aws.table.update(StreamSpecification={"StreamEnabled": True} | view)
    aws.table.reload()
    sqs, bus = boto3.client("sqs"), boto3.client("events")
    queue = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bus.create_event_bus(Name="dateline")
    bus.put_rule(Name="all", EventBusName="dateline", EventPattern=json.dumps({"source": ["dateline"]}))
    bus.put_targets(Rule="all", EventBusName="dateline", Targets=[{"Id": "queue", "Arn": arn}])
    source = template["Resources"]["EventsFunction"]["Properties"]["Events"]["News"]["Properties"]
    filters = [EventPattern.load(each["Pattern"]) for each in source["FilterCriteria"]["Filters"]]
    return Stream(aws, filters, queue)


@pytest.mark.usefixtures("stream")
def test_bus_without_rules_is_unheard() -> None:
    """Events are put only if somebody listens: a rule of this bus, in whatever state; another bus's does not count."""
    bus, client = Bus(boto3.client("events"), "dateline", archive="a", captures="c"), boto3.client("events")
    assert bus.heard()
    client.disable_rule(Name="all", EventBusName="dateline")
    assert bus.heard()
    client.put_rule(Name="other", EventPattern=json.dumps({"source": ["dateline"]}))
    client.remove_targets(Rule="all", EventBusName="dateline", Ids=["queue"])
    client.delete_rule(Name="all", EventBusName="dateline")
    assert not bus.heard()


@pytest.fixture
def newsroom(stream: Stream) -> Newsroom:
    return Newsroom(stream.aws)


def gone(newsroom: Newsroom) -> str:
    return newsroom.capture(("a", "not here"), status="404 Not Found")


def test_story_life_is_told(stream: Stream, newsroom: Newsroom) -> None:
    """The life of a story is told."""
    lives = [
        (newsroom.capture(("a", "Title dated|Words."), ("b", "front page")), ["article.archived"]),
        (newsroom.capture(("a", "Title dated|Words.")), []),
        (newsroom.capture(("a", "Title dated|Other words.")), ["article.revised"]),
        (gone(newsroom), ["article.gone"]),
        (gone(newsroom), []),
        (newsroom.capture(("a", "Title dated|Other words.")), ["article.returned"]),
    ]
    for key, kinds in lives:
        newsroom.archive().add(key)
        assert stream.kinds() == kinds


def test_withdrawal_is_told_once(stream: Stream, newsroom: Newsroom) -> None:
    """That a story was withdrawn is told once."""
    stream.aws.s3.put_bucket_versioning(Bucket=stream.aws.captures, VersioningConfiguration={"Status": "Enabled"})
    newsroom.archive().add(newsroom.capture(("a", "Title dated|Words.")))
    newsroom.archive().add(gone(newsroom))
    assert stream.kinds() == ["article.archived", "article.gone"]
    (story,) = newsroom.query().of_all()
    aws = stream.aws
    withdrawing = Withdrawing(aws.deployment)
    withdrawing.withdraw(story, "a court's order")
    (event,) = stream.told()
    assert (event["detail-type"], event["detail"]["story"]["reason"]) == ("article.withdrawn", "a court's order")
    withdrawing.withdraw(newsroom.query().story(story["id"]) or {}, "")
    assert stream.told() == []


def test_event_leads_to_words(stream: Stream, newsroom: Newsroom) -> None:
    """An event leads to the words."""
    newsroom.archive().add(newsroom.capture(("a", "Title dated|Words.")))
    (event,) = stream.told()
    assert (event["source"], event["detail"]["replay"]) == ("dateline", False)
    story = event["detail"]["story"]
    assert (story["title"], story["source"], story["outlet_country"]) == ("Title dated", "sample", "ly")
    assert newsroom.query().article(story).text == "Words."
    assert (story["article"]["bucket"], story["capture"]["bucket"]) == (stream.aws.archive, stream.aws.captures)
    assert not story.keys() & {"PK", "SK", "published_key", "indexed_key"}


def test_subscriber_gets_stories_only(stream: Stream, newsroom: Newsroom) -> None:
    """Not of the crawl's state, nor of counters, nor of pages that are no stories."""
    newsroom.archive().add(newsroom.capture(("a", "front page")))
    newsroom.archive().add(gone(newsroom))
    newsroom.index.counters.add_crawl(CrawlReport(source="sample", crawl="20190417T120000Z-test", started_at=""))
    CrawlState(stream.aws.deployment).save_urls([UrlState(url="https://gazette.example/", source="sample", due="2026")])
    assert stream.records() == []


def test_old_revision_revives_nothing(stream: Stream, newsroom: Newsroom) -> None:
    """A revision from before a removal does not bring a story back."""
    first, second, last = newsroom.capture(("a", "One|W.")), newsroom.capture(("a", "Two|W.")), gone(newsroom)
    for key, kinds in ((first, ["article.archived"]), (last, ["article.gone"]), (second, ["article.revised"])):
        newsroom.archive().add(key)
        assert stream.kinds() == kinds


def test_killed_put_tells_once(stream: Stream, newsroom: Newsroom) -> None:
    """Killed after any of its calls all is told and nothing twice."""
    for call in itertools.count(1, 2):  # the table after each of them: test_faults
        pages = (f"a{call}", f"Story {call}|W."), (f"b{call}", f"Other {call}|W."), (f"a{call}", f"Changed {call}|W.")
        key, die, killed = newsroom.capture(*pages), killer(call), False
        stream.aws.on_call("after-call", die)
        try:
            newsroom.archive().add(key)
        except KilledError:
            killed = True
        stream.aws.off_call("after-call", die)
        newsroom.archive().add(key)
        assert Counter(stream.kinds()) == {"article.archived": 2, "article.revised": 1}
        if not killed:
            break
    assert call > 8


def rebuild_table(stream: Stream) -> None:
    aws = stream.aws
    aws.clear_table()
    rebuild(aws.deployment, unarchived=pytest.fail)


def test_rebuild_events_are_replays(stream: Stream, newsroom: Newsroom) -> None:
    """A rebuild tells the same again and says so."""
    for key in (newsroom.capture(("a", "One|W."), ("b", "B|W.")), newsroom.capture(("a", "Two|W.")), gone(newsroom)):
        newsroom.archive().add(key)
    before = {each["detail"]["id"]: each["detail-type"] for each in stream.told()}
    assert len(before) == 4
    rebuild_table(stream)
    again = stream.told()
    assert {each["detail"]["id"]: each["detail-type"] for each in again} == before
    assert {each["detail"]["replay"] for each in again} == {True}
    newsroom.archive(clock=lambda: datetime.now(UTC)).add(newsroom.capture(("c", "New|Words.")))
    assert [(each["detail-type"], each["detail"]["replay"]) for each in stream.told()] == [("article.archived", False)]


def test_whole_table_tells_nothing(stream: Stream, newsroom: Newsroom) -> None:
    """A rebuild over a table that is whole tells nothing."""
    newsroom.archive().add(newsroom.capture(("a", "One|W.")))
    stream.told()
    aws = stream.aws
    rebuild(aws.deployment, unarchived=pytest.fail)
    assert stream.told() == []


def test_killed_rebuild_stays_replay(aws: Aws) -> None:
    """A rebuild that is killed goes on telling again until another ends."""
    with pytest.raises(KilledError), rebuilding(aws.s3, aws.archive):
        raise KilledError
    ((_, until),) = spans(aws.s3, aws.archive)
    assert until is None
    with rebuilding(aws.s3, aws.archive):
        assert [span.until for span in spans(aws.s3, aws.archive)] == [None, None]
    assert all(span.until for span in spans(aws.s3, aws.archive))


@pytest.mark.parametrize(
    ("archived", "told", "replays"),
    [
        (-60, 30, True),
        (-60, -30, False),  # before it began
        (-60, 90, False),  # late, but told for the first time: the rebuild did not have it
        (10, 30, False),  # archived meanwhile
    ],
)
def test_what_is_told_again(archived: int, told: int, replays: bool) -> None:
    at, told_at = (AT + timedelta(seconds=seconds) for seconds in (archived, told))
    event = Event(kind="article.archived", id="x", at=instants.utc(at), story={}, told_at=told_at)
    assert Span(AT, AT + timedelta(seconds=60)).replays(event) is replays
    assert Span(AT, None).replays(event) is (archived < 0 <= told)


class Reluctant:
    """A bus that refuses some entries, the more the fewer times it was asked."""

    def __init__(self, refusals: int) -> None:
        self.refusals, self.taken = refusals, list[str]()
        self.calls: list[int] = []

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 (boto3's name)
        self.calls.append(len(Entries))
        refuse = len(self.calls) <= self.refusals
        taken = [not (refuse and number % 3 == 0) for number in range(len(Entries))]
        self.taken += [json.loads(e["Detail"])["id"] for e, is_taken in zip(Entries, taken, strict=True) if is_taken]
        return {"Entries": [{"EventId": "x"} if each else {"ErrorCode": "ThrottlingException"} for each in taken]}


def some(count: int) -> list[Event]:
    return [Event(kind="article.gone", id=f"{n}", at=instants.utc(NOON), story={}, told_at=NOON) for n in range(count)]


def bus(client: Any, pause: Callable[[float], None] = lambda _: None) -> Bus:
    return Bus(client, "dateline", archive="archive", captures="captures", pause=pause)


def test_refused_events_are_retried() -> None:
    """What the bus refuses is put again."""
    client, pauses = Reluctant(2), list[float]()
    bus(client, pauses.append).put(some(23))
    assert sorted(client.taken, key=int) == [f"{n}" for n in range(23)]
    assert client.calls == [10, 4, 2, 10, 3]
    assert len(pauses) == 2


def test_refusing_bus_is_error() -> None:
    """A bus that takes nothing is an error."""
    with pytest.raises(UntoldError, match="refused 1 events"):
        bus(Reluctant(99)).put(some(12))


def test_schema_allows_additions() -> None:
    """What the schema does not have does not hold against it."""
    Draft202012Validator.check_schema(SCHEMA)
    assert not VALIDATOR.is_valid({"source": "dateline", "detail-type": "article.lost", "detail": {}})


def test_same_item_not_rewritten(stream: Stream, newsroom: Newsroom) -> None:
    """The index writes no item anew that is the same."""
    key = newsroom.capture(("a", "One|W."))
    newsroom.archive().add(key)
    stream.told()
    stream.aws.table.delete_item(Key=item_keys.done("sample", key))
    assert newsroom.archive().add(key)
    assert stream.told() == []
    assert Index(stream.aws.table).counters.is_done("sample", key)
