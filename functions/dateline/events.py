"""Events: publish index changes on the event bus.

A story's first revision is ``article.archived``, each later one ``article.revised``; ``article.gone`` reports the
removal of its page, ``article.returned`` its return, ``article.withdrawn`` the story's withdrawal from the archive, so
that subscribers can delete their copies. Events derive from the table's stream: everything committed is published, at
least once. ``events.schema.json`` is their schema.

Repeated events have the same ``id``. ``replay`` marks events known to be repeated: those of stories archived before a
rebuild of the table (``rebuilding``). Writes without a change produce no stream record, and re-extractions change
existing revisions, so neither duplicate messages nor re-extracted words produce events.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from dateline import instants
from dateline.aws import objects
from dateline.keys import identifiers, item_keys, object_keys

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef
    from mypy_boto3_s3 import S3Client

Kind = Literal[
    "article.archived",
    "article.revised",
    "article.gone",
    "article.returned",
    "article.withdrawn",
    "watch.matched",
]
SOURCE = "dateline"
_VERSION = 1  # of the schema
_AT_ONCE = 10  # PutEvents' limit
_PAUSES = (0.1, 0.4, 1.6, 6.4)  # seconds before rejected events are put again
_STREAM = timedelta(days=1)  # how long DynamoDB keeps a stream's records
_WATCH = ("watch", "query", "edited", "matches")  # of a hit; the rest is the story's
_HIDDEN = {"PK", "SK", "published_key", "source_month", "country_month", "indexed_day", "indexed_key"}


class UntoldError(RuntimeError):
    """The bus did not take some events however often they were put."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A change of a story; ``story`` is its table item.

    ``at`` (UTC, ISO 8601) is the time of archiving or of the observed removal; for a returned story, of its earlier
    removal. ``told_at`` is the time of the table's change.
    """

    kind: Kind
    id: str
    at: str
    story: Mapping[str, Any]
    told_at: datetime


class Span(NamedTuple):
    """When the table was being made anew; without ``until``, it still is, or whoever did it was killed."""

    since: datetime
    until: datetime | None

    def replays(self, event: Event) -> bool:
        """Return whether the event was published before, because of this rebuild."""
        within = self.since <= event.told_at and (self.until is None or event.told_at <= self.until)
        return within and datetime.fromisoformat(event.at) < self.since


def of_records(records: Iterable[DynamoDBRecord]) -> Iterator[Event]:
    """Yield the events of stream records, in order."""
    for record in records:
        change = record.dynamodb
        if change and change.new_image and change.approximate_creation_date_time:
            told_at = datetime.fromtimestamp(change.approximate_creation_date_time, UTC)
            yield from _news(change.old_image or {}, change.new_image, told_at)


class Bus:
    """The event bus; ``archive`` and ``captures`` are the buckets of a story's pointers."""

    def __init__(
        self,
        client: "EventBridgeClient",
        name: str,
        *,
        archive: str,
        captures: str,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client, self._name = client, name
        self._archive_bucket, self._capture_bucket, self._pause = archive, captures, pause

    def heard(self) -> bool:
        """Return whether the bus has a rule. Without one it drops all events, and AWS bills them all the same.

        An EventBridge archive has a rule too.
        """
        return bool(self._client.list_rules(EventBusName=self._name, Limit=1)["Rules"])

    def put(self, events: Iterable[Event], spans: Sequence[Span] = ()) -> None:
        """Publish events. Raises UntoldError if the bus rejects some of them; others may have been published."""
        entries = (self._entry(event, spans) for event in events)
        while some := list(islice(entries, _AT_ONCE)):
            self._put(some)

    def _put(self, entries: "list[PutEventsRequestEntryTypeDef]") -> None:
        for pause in (*_PAUSES, None):
            answers = self._client.put_events(Entries=entries)["Entries"]
            refused = [answer for answer in answers if "ErrorCode" in answer]
            entries = [entry for entry, answer in zip(entries, answers, strict=True) if "ErrorCode" in answer]
            if not entries:
                return
            if pause:
                self._pause(pause)
        raise UntoldError(f"{self._name} refused {len(entries)} events: {refused[0].get('ErrorMessage')}")

    def _entry(self, event: Event, spans: Sequence[Span]) -> "PutEventsRequestEntryTypeDef":
        story = {name: value for name, value in event.story.items() if name not in _HIDDEN}
        for name, bucket in (("article", self._archive_bucket), ("capture", self._capture_bucket)):
            story |= {name: {"bucket": bucket, **story[name]}} if name in story else {}
        detail = {
            "version": _VERSION,
            "id": event.id,
            "replay": any(span.replays(event) for span in spans),
            **({"watch": {name: story.pop(name) for name in _WATCH}} if event.kind == "watch.matched" else {}),
            "story": story,
        }
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": event.kind,
            "Time": event.told_at,
            "Detail": json.dumps(detail, ensure_ascii=False, default=int),  # the table's numbers are whole
        }


@contextmanager
def rebuilding(s3: "S3Client", bucket: str) -> Iterator[None]:
    """Mark table changes inside the block as replays; forever, if the process dies inside."""
    known = spans(s3, bucket)
    begun = _put_spans(s3, bucket, known)
    known = [span for span in known if span.until is None or begun - span.until < _STREAM] + [Span(begun, None)]
    _put_spans(s3, bucket, known)
    yield
    ended = _put_spans(s3, bucket, known) + timedelta(seconds=1)  # it is of whole seconds
    _put_spans(s3, bucket, [Span(since, until or ended) for since, until in known])


def spans(s3: "S3Client", bucket: str) -> list[Span]:
    """When the table was made anew, as far as its stream may still tell of it."""
    found = json.loads(objects.get(s3, bucket=bucket, key=object_keys.REBUILDS) or b"[]")
    return [Span(*(each and datetime.fromisoformat(each) for each in span)) for span in found]


def _put_spans(s3: "S3Client", bucket: str, found: Iterable[Span]) -> datetime:
    """Write the spans; when that was by AWS's clock, for that of an operator's machine may be another."""
    body = json.dumps([[each and instants.utc(each, "seconds") for each in span] for span in found])
    s3.put_object(Bucket=bucket, Key=object_keys.REBUILDS, Body=body.encode())
    return s3.head_object(Bucket=bucket, Key=object_keys.REBUILDS)["LastModified"]


def _news(before: Mapping[str, Any], now: Mapping[str, Any], told_at: datetime) -> Iterator[Event]:
    """What is new of a story's item, or a watch's new hit."""
    if now["SK"].startswith(item_keys.HIT):
        if not before:
            name = f"{now['watch']}#{now['captured_at']}"
            yield _event("watch.matched", now, told_at, at=now["indexed_at"], name=name)
    elif now["SK"].startswith(item_keys.REVISION):
        if not before:
            kind: Kind = "article.archived" if now["revision"] == 1 else "article.revised"
            yield _event(kind, now, told_at, at=now["indexed_at"], name=now["SK"])
    elif "withdrawn_at" in now:
        if "withdrawn_at" not in before:
            yield _event("article.withdrawn", now, told_at, at=now["withdrawn_at"], name="WITHDRAWN")
    elif before and "gone_at" in now and "gone_at" not in before:
        yield _event("article.gone", now, told_at, at=now["gone_at"], name=f"GONE#{now['gone_at']}")
    elif "gone_at" in before and "gone_at" not in now:
        yield _event("article.returned", now, told_at, at=before["gone_at"], name=f"RETURNED#{before['gone_at']}")


def _event(kind: Kind, story: Mapping[str, Any], told_at: datetime, *, at: str, name: str) -> Event:
    return Event(kind=kind, id=identifiers.event_id(story["id"], name), at=at, story=story, told_at=told_at)
