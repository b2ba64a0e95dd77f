"""Tell changes of the table again to the functions behind its stream, EventsFunction and SearchFunction.

DynamoDB keeps a stream for a day. Within it, the records of a position are read again and are exactly what was missed.
Later, records are made again: for events, from the table and the buckets for a span of time, too many rather than too
few, since repeated events have the ids of the first ones; for the search index, of the stories that differ in it.

A span begins three hours before the position, because a story that was archived late has the instant of its first
attempt. What a rebuild wrote makes no events again: they were replays of earlier ones.
"""

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

from dateline import instants
from dateline.archive.formats import read_outcomes
from dateline.aws import dynamodb, objects
from dateline.aws.deployment import Deployment
from dateline.aws.dynamodb import chunks
from dateline.aws.prefetch import ahead
from dateline.index.withdrawals import withdrawals
from dateline.keys import item_keys, object_keys
from dateline.maintenance.dead_letters import Position
from dateline.outcomes import PageOutcome, own_id
from dateline.query.query import Query

Record = dict[str, Any]  # as Lambda hands it to a function
Image = Mapping[str, Any]

LATE = timedelta(hours=3)  # five deliveries, half an hour apart, and an hour more
_QUEUED = timedelta(days=4)  # a crawl may wait so long, and its objects are under the day of its request
_BATCH = 100  # records for a function at once, as in the template
_GONE_STREAM = ("TrimmedDataAccessException", "ResourceNotFoundException", "ExpiredIteratorException")


def tell(records: Iterable[Record], invoke: Callable[[bytes], object]) -> int:
    """Hand records to a function, which ``invoke`` calls with an event, in batches; return their number."""
    told = 0
    for some in chunks(records, _BATCH):
        invoke(json.dumps({"Records": some}).encode())
        told += len(some)
    return told


def from_stream(streams: Any, position: Position) -> list[Record] | None:
    """Return the records of a position that are of stories; None if the stream has dropped some of them.

    ``streams`` is boto3's client of DynamoDB's streams.
    """
    try:
        found = list(_read(streams, position))
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE_STREAM:
            raise
        return None
    complete = any(record["dynamodb"]["SequenceNumber"] == position.first for record in found)
    return [_plain(record) for record in found if _is_of_story(record)] if complete else None


def _read(streams: Any, position: Position) -> Iterator[Any]:
    """Yield a position's records; an empty answer before its end means that the rest is gone."""
    at = streams.get_shard_iterator(
        StreamArn=position.stream,
        ShardId=position.shard,
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=position.first,
    ).get("ShardIterator")
    while at:
        answer = streams.get_records(ShardIterator=at)
        for record in answer["Records"]:
            if int(record["dynamodb"]["SequenceNumber"]) > int(position.last):
                return
            yield record
        at = answer.get("NextShardIterator") if answer["Records"] else None


def _is_of_story(record: Any) -> bool:
    """Whether the event sources' filters may let a record pass; the functions pass over what is no news."""
    key = record["dynamodb"]["Keys"]
    partition, sort = str(key["PK"]["S"]), str(key["SK"]["S"])
    return partition.startswith(item_keys.article("")["PK"]) and (
        sort == item_keys.CURRENT or sort.startswith(item_keys.REVISION)
    )


def _plain(record: Any) -> Record:
    """As Lambda has it in JSON: instants in seconds, bytes in base64."""
    return dict(json.loads(json.dumps(record, default=_to_json)))


def _to_json(value: Any) -> Any:
    return value.timestamp() if isinstance(value, datetime) else base64.b64encode(bytes(value)).decode()


class Retelling:
    """Makes records from the table and the buckets; ``clock`` gives the aware instant of now."""

    def __init__(self, deployment: Deployment, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._deployment, self._query, self._clock = deployment, Query(deployment), clock

    def for_events(self, since: datetime, until: datetime) -> Iterator[Record]:
        """Yield records of all changes in a span that make events."""
        last = min(until, self._clock())
        return (self._record(before, now) for before, now in self._news(instants.utc(since), instants.utc(last)))

    def for_search(self, stories: Iterable[tuple[str, str]]) -> Iterator[Record]:
        """Yield records that have stories indexed again, given their ids and a month of each."""
        for id, month in stories:
            key = item_keys.article(id)
            yield self._record(key | {"id": id, "first_seen_at": month}, self._query.story(id) or key)

    def _news(self, since: str, until: str) -> Iterator[tuple[Image, Image]]:
        for id in self._indexed(since):
            for revision in self._query.revisions(id):
                if since <= revision["indexed_at"] <= until:
                    yield {}, revision
        yield from self._absences(since, until)
        found = withdrawals(self._deployment.s3, self._deployment.capture_bucket)
        for item in (item for each in found if since <= each.withdrawn_at <= until for item in each.items):
            yield _key(item), item

    def _indexed(self, since: str) -> list[str]:
        """Ids of the stories with a revision since then, whatever came after it."""
        return list(dict.fromkeys(str(item["id"]) for item in self._query.indexed_since(since)))

    def _absences(self, since: str, until: str) -> Iterator[tuple[Image, Image]]:
        """Yield the stories whose pages were gone, or were back, at a look within the span."""
        looked = list(dict.fromkeys(id for page in self._looks(since, until) for id in (page.id, own_id(page))))
        stories = [str(alias["id"]) for alias in self._get(map(item_keys.alias, looked))]
        ids = list(dict.fromkeys([*looked, *stories]))
        current = {
            str(item["id"]): item for item in self._get(map(item_keys.article, ids)) if "withdrawn_at" not in item
        }
        for noted in self._get(item_keys.presence(id) for id in ids):
            if (story := current.get(str(noted["id"]))) and "gone_at" in noted:
                yield from _absence(story, str(noted["gone_at"]), since)

    def _looks(self, since: str, until: str) -> Iterator[PageOutcome]:
        """Yield the pages captured within the span, from the outcomes of all sources."""
        s3, bucket = self._deployment.s3, self._deployment.archive_bucket
        wanted = [
            key
            for source in objects.folders(s3, bucket, object_keys.OUTCOMES)
            for day in _days(since, until)
            for key in objects.keys(
                s3, bucket=bucket, prefix=f"{object_keys.folder(object_keys.OUTCOMES, source)}{day}/"
            )
        ]
        for data in ahead(lambda key: objects.get(s3, bucket=bucket, key=key) or b"", wanted):
            yield from (page for page in read_outcomes(data) if since <= page.captured_at <= until and page.status)

    def _get(self, wanted: Iterable[Mapping[str, str]]) -> Iterator[dict[str, Any]]:
        table = self._deployment.table
        return dynamodb.get(table.meta.client, table.name, wanted)

    def _record(self, before: Image, now: Image) -> Record:
        at = self._clock().timestamp()
        change = {"ApproximateCreationDateTime": at, "Keys": _typed(_key(now)), "NewImage": _typed(now)}
        change |= {"OldImage": _typed(before)} if before else {}
        return {"eventName": "MODIFY" if before else "INSERT", "eventSource": "aws:dynamodb", "dynamodb": change}


def _absence(story: Image, gone_at: str, since: str) -> Iterator[tuple[Image, Image]]:
    """Yield the change of a page that was gone at an instant, and that of its return."""
    there = {name: value for name, value in story.items() if name != "gone_at"}
    gone = there | {"gone_at": gone_at}
    if gone_at >= since:
        yield there, gone
    if "gone_at" not in story:
        yield gone, there


def _key(item: Image) -> dict[str, str]:
    return {"PK": str(item["PK"]), "SK": str(item["SK"])}


def _typed(item: Image) -> dict[str, Any]:
    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


def _days(since: str, until: str) -> Iterator[str]:
    """Yield the folders (``yyyy/mm/dd``) of the crawls whose pages may be of the span."""
    day, last = datetime.fromisoformat(since).date() - _QUEUED, datetime.fromisoformat(until).date()
    while day <= last:
        yield f"{day:%Y/%m/%d}"
        day += timedelta(days=1)
