"""Watches: once for a story and once for an edit, whatever comes twice, late or dies on the way."""

import itertools
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

import boto3
import jsonschema
import pytest
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from boto3.dynamodb.types import TypeSerializer

from dateline import events
from dateline.index.list_items import published_key
from dateline.keys import identifiers, item_keys
from dateline.maintenance.rebuild import delete_index
from dateline.maintenance.withdraw import Withdrawing
from dateline.reader.app import answer
from dateline.reader.library import Library
from dateline.search.index.indexing import Indexing
from dateline.search.query.language import QueryError
from dateline.search.watching import watches
from dateline.search.watching.mails import Mails
from dateline.search.watching.watches import WatchError, Watching
from tests.conftest import Aws
from tests.reader.library import Room
from tests.support.samples import NOON, KilledError, Newsroom, killer, killer_of_writes

BEFORE, LATER = NOON - timedelta(days=1), NOON + timedelta(days=30)


class Desk:
    """A newsroom whose stories are watched."""

    def __init__(self, aws: Aws) -> None:
        self.aws, self.newsroom = aws, Newsroom(aws)
        self.seconds = itertools.count()

    def watch(self, query: str, name: str = "w", at: datetime = BEFORE) -> None:
        watches.add(self.aws.s3, self.aws.archive, name, query, at)

    def publish(self, *pages: tuple[str, str]) -> dict[str, set[str]]:
        """Archive a capture of pages, and return the changes that the table's stream would tell."""
        outcomes = self.newsroom.archive().add(self.newsroom.capture(*pages))
        current = self.newsroom.index.current(page.id for page in outcomes)
        return {id: {published_key(item)[:7]} for id, item in current.items()}

    def index(self, changed: dict[str, set[str]]) -> int:
        """Index a batch and fire; return the number of new hits."""
        watching = Watching(self.aws.s3, self.aws.table, self.aws.archive, clock=self.clock)
        read, bucket = self.newsroom.query().article, self.aws.archive
        index = self.newsroom.index
        return Indexing(s3=self.aws.s3, index=index, bucket=bucket, read=read, fire=watching.fire).index(changed).hits

    def clock(self) -> datetime:
        return LATER + timedelta(seconds=next(self.seconds))

    def hits(self, name: str = "w") -> list[tuple[str, int, bool, bool]]:
        """The hits of a watch, in order: page, revision, whether edited, whether it matches."""
        pages = {identifiers.article_id(f"http://news.example.org/{page}"): page for page in "abcdefgh"}
        found = reversed(watches.hits(self.aws.table, name))
        return [(pages[hit.id], hit.revision, hit.edited, hit.matches) for hit in found]


@pytest.fixture
def desk(aws: Aws) -> Desk:
    return Desk(aws)


@pytest.mark.parametrize(
    ("query", "text", "other"),
    [
        ("sfax", "Fire|In Sfax at dawn.", "Fire|In Gabes at dawn."),
        ('"قصف المطار"', "خبر|تواصل قصف المطار ليلا", "خبر|توقف القصف قرب المطار"),
        ("person:Haftar", "News|Spoke of المشير خليفة حفتر today.", "News|Spoke of a general today."),
        ("limanı -grev", "Haber|İzmir limanı açıldı.", "Haber|İzmir limanı grev nedeniyle kapalı."),
    ],
)
def test_fires_for_a_match(desk: Desk, query: str, text: str, other: str) -> None:
    """A watch fires for a story that its query matches, in any language, and for no other."""
    named = desk.newsroom.archive
    desk.newsroom.archive = lambda **changes: named(**{"extract": _named, **changes})  # type: ignore[method-assign]
    desk.watch(query)
    assert desk.index(desk.publish(("a", text), ("b", other))) == 1
    assert desk.hits() == [("a", 1, False, True)]


def _named(page: Any) -> Any:
    """The stand-in of other tests, with the names of the register."""
    from dateline.names import named  # noqa: PLC0415
    from tests.support.samples import extract  # noqa: PLC0415

    found = extract(page)
    return found._replace(article=named(found.article)) if found.article else found


def test_fires_once_for_an_edit(desk: Desk) -> None:
    """Each later revision fires once, also one without the words and one that puts them back; others never fire."""
    desk.watch("sfax")
    for text in ("Fire|In Sfax.", "Fire|In Sfax at noon.", "Fire|At noon.", "Fire|In Sfax.", "Fire|In Sfax."):
        desk.index(desk.publish(("a", text), ("b", "Rain|In Gabes.")))
    edits = [("a", 1, False, True), ("a", 2, True, True), ("a", 3, True, False), ("a", 4, True, True)]
    assert desk.hits() == edits


def test_twice_and_late_fires_once(desk: Desk) -> None:
    """Deliveries that come again, or in another order, add nothing."""
    desk.watch("sfax")
    desk.watch("fire", name="other")
    first = desk.publish(("a", "Fire|In Sfax."))
    desk.index(first)
    second = desk.publish(("a", "Fire|In Sfax at noon."))
    for changed in (second, first, second, first):
        desk.index(changed)
    assert desk.hits() == desk.hits("other") == [("a", 1, False, True), ("a", 2, True, True)]


def test_late_capture_is_no_edit(desk: Desk) -> None:
    """A capture from before, archived afterwards, changes the revisions' numbers, and fires for nothing."""
    desk.watch("sfax")
    early, late = desk.newsroom.capture(("a", "Fire|In Gabes.")), desk.newsroom.capture(("a", "Fire|In Sfax."))
    for key in (late, early):
        outcomes = desk.newsroom.archive().add(key)
        desk.index({page.id: {"2019-04"} for page in outcomes})
    assert [(page, edited) for page, _, edited, _ in desk.hits()] == [("a", False)]


def test_old_stories_do_not_fire(desk: Desk) -> None:
    """What was archived before the watch was added fires with its next edit alone."""
    changed = desk.publish(("a", "Fire|In Sfax."))
    desk.watch("sfax", at=NOON + timedelta(minutes=1))
    assert desk.index(changed) == 0
    outcomes = desk.newsroom.archive(clock=lambda: LATER).add(desk.newsroom.capture(("a", "Fire|In Sfax at noon.")))
    assert desk.index({page.id: {"2019-04"} for page in outcomes}) == 1


@pytest.mark.parametrize("kill", [killer, killer_of_writes])
def test_killed_anywhere_fires_once(desk: Desk, kill: Callable[[int], Callable[..., None]]) -> None:
    """A delivery that dies at any of its calls is repeated; each revision has fired once in the end."""
    desk.watch("sfax")
    texts, expected = ("Fire|In Sfax.", "Fire|In Sfax at noon."), 0
    for revision, text in enumerate(texts):
        changed = desk.publish(("a", text), ("b", text))
        for at in range(1, 40):
            die = kill(at)
            desk.aws.on_call("before-call", die)
            try:
                desk.index(changed)
            except KilledError:
                continue
            finally:
                desk.aws.off_call("before-call", die)
            break
        else:
            pytest.fail("it never ended")
        expected += 2
        assert len(desk.hits()) == expected, revision
    assert len(set(desk.hits())) == 4


def test_faster_delivery_wins(desk: Desk) -> None:
    """Of two deliveries at once one adds the hit."""
    desk.watch("sfax")
    changed = desk.publish(("a", "Fire|In Sfax."))
    inside = False

    def meanwhile(*, model: Any, **_: Any) -> None:
        nonlocal inside
        if model.name == "TransactWriteItems" and not inside:
            inside = True
            desk.index(changed)

    desk.aws.on_call("before-call", meanwhile)
    assert desk.index(changed) == 0
    assert desk.hits() == [("a", 1, False, True)]


def test_hits_are_events(desk: Desk) -> None:
    """A hit of the table's stream is an event of the schema, with the same id whenever it is told."""
    desk.watch("sfax")
    for text in ("Fire|In Sfax.", "Fire|In Gabes."):
        desk.index(desk.publish(("a", text)))
    items = [item for item in desk.newsroom.items() if item["SK"].startswith(item_keys.HIT)]
    found = list(events.of_records([_record(item) for item in (*items, *items)]))
    assert [event.kind for event in found] == ["watch.matched"] * 4
    assert [event.id for event in found[:2]] == [event.id for event in found[2:]]
    assert len({event.id for event in found}) == 2
    schema = json.loads(files("dateline").joinpath("events.schema.json").read_text("utf-8"))
    bus = events.Bus(boto3.client("events"), "bus", archive="archive", captures="captures")
    entries = [bus._entry(event, []) for event in found[:2]]
    details = [json.loads(entry["Detail"]) for entry in entries]
    for entry, detail in zip(entries, details, strict=True):
        jsonschema.validate({"source": entry["Source"], "detail-type": entry["DetailType"], "detail": detail}, schema)
    assert [each["watch"] for each in details] == [
        {"watch": "w", "query": "sfax", "edited": edited, "matches": not edited} for edited in (False, True)
    ]


def _record(item: dict[str, Any]) -> DynamoDBRecord:
    image = {name: TypeSerializer().serialize(value) for name, value in item.items()}
    change = {"Keys": {}, "NewImage": image, "ApproximateCreationDateTime": LATER.timestamp()}
    return DynamoDBRecord({"eventName": "INSERT", "dynamodb": change})


def test_watch_has_a_feed(desk: Desk) -> None:
    """The watch's page, JSON and feeds have its hits, the last one first; a withdrawn story leaves them."""
    desk.aws.s3.put_bucket_versioning(Bucket="captures", VersioningConfiguration={"Status": "Enabled"})
    desk.watch("sfax")
    desk.index(desk.publish(("a", "Fire <b>|In Sfax."), ("b", "Rain|In Sfax.")))
    desk.index(desk.publish(("b", "Rain|In Gabes.")))
    room = Room(desk.aws, answer(Library(desk.aws.deployment, lambda: pytest.fail("no search"))))
    assert [each["name"] for each in room.get("/watches").json["watches"]] == ["w"]
    assert "sfax" in room.get("/watches", "text/html").text
    listed = room.get("/watches/w").json["hits"]
    assert [(each["edited"], each["matches"]) for each in listed] == [(True, False), (False, True), (False, True)]
    entries = room.get("/watches/w", format="jsonfeed").json["items"]
    assert len({entry["id"] for entry in entries}) == 3
    assert "Fire &lt;b&gt;" in room.get("/watches/w", "text/html").text
    assert {room.get("/watches/w", format=form).status for form in ("atom", "rss")} == {200}
    first = room.get("/watches/w", limit=2).json
    rest = room.get("/watches/w", limit=2, cursor=first["cursor"]).json
    assert first["hits"] + rest["hits"] == listed
    assert rest["cursor"] is None
    assert room.get("/watches/w", cursor=first["cursor"][:-3] + "AAA").status == 400
    assert room.get("/watches/none").status == 404
    story = desk.newsroom.query().story("http://news.example.org/a")
    assert story
    Withdrawing(desk.aws.deployment).withdraw(story, "a court's order")
    assert [each["story"]["title"] for each in room.get("/watches/w").json["hits"]] == ["Rain", "Rain"]


class Topic:
    """An SNS topic that keeps its messages."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def publish(self, **message: str) -> None:
        self.messages.append(message["Message"])


def test_mail_groups_copies(desk: Desk) -> None:
    """One message a watch: copies of one story together, edits marked; each hit in one message."""
    wire = "Ships return to the harbour of Sfax|" + "\n\n".join(
        f"Paragraph {number} of the agency's story about ships, fuel and queues in Sfax at noon." for number in range(9)
    )
    desk.watch("sfax")
    desk.watch("nothing", name="silent")
    desk.index(desk.publish(("a", wire), ("b", wire), ("c", "Rain|In Sfax and elsewhere.")))
    topic, now = Topic(), LATER + timedelta(minutes=10)
    mails = Mails(desk.aws.deployment, topic, "arn", clock=lambda: now)
    assert (mails.send(), mails.send()) == (1, 0)
    (text,) = topic.messages
    head, *groups = text.split("\n\n")
    assert head == "2 stories for sfax"
    assert sorted(len(group.splitlines()) for group in groups) == [2, 3]
    desk.index(desk.publish(("c", "Rain|In Gabes.")))
    assert Mails(desk.aws.deployment, topic, "arn", clock=lambda: LATER).send() == 0
    assert mails.send() == 1
    assert "sample (changed; the words are gone): http://news.example.org/c" in topic.messages[1]


def test_killed_mail_is_repeated(desk: Desk) -> None:
    """A run that dies after its message sends it again; none is lost."""
    desk.watch("sfax")
    desk.index(desk.publish(("a", "Fire|In Sfax.")))
    topic = Topic()
    mails = Mails(desk.aws.deployment, topic, "arn", clock=lambda: LATER + timedelta(hours=1))
    die = killer_of_writes(1)
    desk.aws.on_call("before-call", die)
    with pytest.raises(KilledError):
        mails.send()
    desk.aws.off_call("before-call", die)
    assert mails.send() == 1
    assert len(topic.messages) == 2


def test_rebuild_keeps_hits(desk: Desk) -> None:
    """An emptied table keeps what watches fired for: nothing fires again."""
    desk.watch("sfax")
    desk.index(desk.publish(("a", "Fire|In Sfax.")))
    delete_index(desk.aws.deployment)
    assert {item["PK"] for item in desk.newsroom.items()} == {item_keys.watch("w")}


@pytest.mark.parametrize("name", ["", "Upper", "a b", "-a", "x" * 41, "../a", "ليبيا"])
def test_names_are_checked(desk: Desk, name: str) -> None:
    """A name is part of keys and addresses."""
    with pytest.raises(WatchError):
        desk.watch("sfax", name=name)


@pytest.mark.parametrize("query", ["", "-sfax", "since:2019-04-01", "since:yesterday sfax"])
def test_queries_are_checked(desk: Desk, query: str) -> None:
    """A query without anything to look for would match all stories; one with a wrong date none."""
    with pytest.raises(QueryError):
        desk.watch(query)


def test_watches_are_removed(desk: Desk) -> None:
    """A removed watch is gone with its hits; names are unique, and unknown ones are errors."""
    desk.watch("sfax")
    with pytest.raises(WatchError, match="already"):
        desk.watch("gabes")
    desk.index(desk.publish(("a", "Fire|In Sfax.")))
    watches.remove(desk.aws.s3, desk.aws.table, desk.aws.archive, "w")
    assert watches.read(desk.aws.s3, desk.aws.archive) == []
    assert not [item for item in desk.newsroom.items() if item["PK"] == item_keys.watch("w")]
    with pytest.raises(WatchError, match="no watch"):
        watches.remove(desk.aws.s3, desk.aws.table, desk.aws.archive, "w")
