"""Watches: kept searches, matched against each batch of stories as it is indexed.

``watches/watches.json`` of the archive bucket has them. A watch fires once for a story and once for each later revision
with other words, whether the story still matches or not: an edit that removes the words is news. It fires for revisions
archived after the watch was added.

Firing is one transaction: the story's state for the watch moves on, and a hit is added. Duplicate, late and killed
deliveries find the state and add nothing. The table's stream publishes hits as events (``dateline.events``).
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError
from tantivy import Index, Query

from dateline import instants
from dateline.aws import dynamodb, objects
from dateline.keys import item_keys, object_keys
from dateline.search.index.schema import Entry, document, schema
from dateline.search.query import matching
from dateline.search.query.language import QueryError, parse
from dateline.search.query.matching import Compiler, Frequencies
from dateline.search.query.resolve import Names

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3 import S3Client

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_MOST = 200  # watches; each costs a query of a batch's index, under a millisecond
_ATTEMPTS = 20  # of replacing the list; people write it
_HEAP = 15_000_000  # bytes; tantivy asks for so much at least
_SHOWN = ("id", "url", "source", "language", "revision", "captured_at", "indexed_at", "digest")


class WatchError(ValueError):
    """A watch that cannot be added or removed; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A kept search. ``added_at`` is UTC and ends in Z."""

    name: str
    query: str
    added_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A watch fired for a revision. ``edited`` for a later one; ``matches`` is false if the words are gone."""

    watch: str
    id: str
    fired_at: str
    revision: int
    captured_at: str
    edited: bool
    matches: bool

    @property
    def key(self) -> str:
        """Its sort key in the table."""
        return item_keys.hit(self.watch, self.fired_at, self.id)["SK"]

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "Hit":
        """Read an item of the table."""
        fired_at = item["SK"].split("#")[1]
        return cls(
            watch=item["watch"],
            id=item["id"],
            fired_at=fired_at,
            revision=int(item["revision"]),
            captured_at=item["captured_at"],
            edited=item["edited"],
            matches=item["matches"],
        )


def read(s3: "S3Client", bucket: str) -> list[Watch]:
    """Return the watches by name."""
    data, _ = objects.get_tagged(s3, bucket=bucket, key=object_keys.WATCHES)
    return [Watch(**values) for values in json.loads(data or b"[]")]


def add(s3: "S3Client", bucket: str, name: str, query: str, now: datetime) -> Watch:
    """Keep a search. Raises WatchError for a taken or invalid name, and QueryError for an invalid query."""
    if not _NAME.fullmatch(name):
        raise WatchError(f"{name} is no name of a watch; use up to 40 lower-case letters, digits and hyphens")
    if not any(not clause.excluded for clause in parse(query).clauses):
        raise QueryError("a watch needs a word, a phrase or a field; a date or an exclusion alone matches everything")
    added = Watch(name=name, query=query, added_at=instants.utc(now))

    def adding(there: list[Watch]) -> list[Watch]:
        if any(each.name == name for each in there):
            raise WatchError(f"there is a watch {name} already; remove it first, or choose another name")
        if len(there) >= _MOST:
            raise WatchError(f"there are {_MOST} watches, the most; remove one first")
        return sorted([*there, added], key=lambda each: each.name)

    _update(s3, bucket, adding)
    return added


def remove(s3: "S3Client", table: "Table", bucket: str, name: str) -> None:
    """Remove a watch, then its hits. Raises WatchError for an unknown one."""

    def removing(there: list[Watch]) -> list[Watch]:
        if all(each.name != name for each in there):
            raise WatchError(f"there is no watch {name}; dateline watch list shows all")
        return [each for each in there if each.name != name]

    _update(s3, bucket, removing)
    items = dynamodb.query(
        table, KeyConditionExpression=Key("PK").eq(item_keys.watch(name)), ProjectionExpression="PK, SK"
    )
    with table.batch_writer() as batch:
        for item in items:
            batch.delete_item(Key={"PK": item["PK"], "SK": item["SK"]})


def hits(table: "Table", name: str, *, before: str | None = None, limit: int = 50) -> list[Hit]:
    """Return the last hits of a watch, the newest first; ``before`` is a ``Hit.key``. One query."""
    condition = Key("SK").between(item_keys.HIT, before or "HIT$")  # $ comes after #
    found = table.query(
        KeyConditionExpression=Key("PK").eq(item_keys.watch(name)) & condition, ScanIndexForward=False, Limit=limit + 1
    )["Items"]
    return [Hit.from_item(item) for item in found if item["SK"] != before][:limit]


class Watching:
    """Fires watches for indexed stories. ``clock`` gives the instant of firing."""

    def __init__(
        self,
        s3: "S3Client",
        table: "Table",
        bucket: str,
        *,
        names: Names | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._s3, self._table, self._bucket, self._clock = s3, table, bucket, clock
        self._names = names or Names()

    def fire(self, entries: Sequence[Entry]) -> int:
        """Fire all watches for a batch of stories; return the number of new hits."""
        watches = read(self._s3, self._bucket) if entries else []
        if not watches:
            return 0
        batch, fired = _Batch(entries, self._names), 0
        for watch in watches:
            recent = [entry for entry in entries if entry.story["indexed_at"] > watch.added_at]
            matching_ids = batch.matching(watch.query) if recent else set()
            states = self._states(watch.name, recent)
            for entry in recent:
                matches = entry.id in matching_ids
                if _is_news(states.get(entry.id), entry, matches=matches):
                    fired += self._fire(watch, entry, states.get(entry.id), matches=matches)
        return fired

    def _states(self, name: str, entries: Iterable[Entry]) -> dict[str, dict[str, Any]]:
        """What a watch knows of stories."""
        wanted = [item_keys.watched(name, entry.id) for entry in entries]
        client = self._table.meta.client
        return {item["id"]: item for item in dynamodb.get(client, self._table.name, wanted, consistent=True)}

    def _fire(self, watch: Watch, entry: Entry, state: Mapping[str, Any] | None, *, matches: bool) -> bool:
        """Move the story's state on and add a hit; False if another delivery was faster."""
        shown = {name: entry.story[name] for name in _SHOWN if name in entry.story}
        shown |= {"digest": entry.article.digest}
        shown |= {"watch": watch.name, "query": watch.query, "edited": state is not None, "matches": matches}
        at = instants.utc(self._clock())
        condition = "attribute_not_exists(PK)" if state is None else "captured_at = :before"
        put = {"Item": item_keys.watched(watch.name, entry.id) | shown, "ConditionExpression": condition}
        put |= {"ExpressionAttributeValues": {":before": state["captured_at"]}} if state else {}
        hit = {"Item": item_keys.hit(watch.name, at, entry.id) | shown}
        name = self._table.name
        try:
            self._table.meta.client.transact_write_items(
                TransactItems=[{"Put": {"TableName": name, **put}}, {"Put": {"TableName": name, **hit}}]  # type: ignore[typeddict-item]
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "TransactionCanceledException" or not _is_condition(error):
                raise
            return False
        return True


class _Batch:
    """A batch of stories in a search index in memory."""

    def __init__(self, entries: Sequence[Entry], names: Names) -> None:
        self._entries, self._names = entries, names
        self._index = Index(schema())
        writer = self._index.writer(_HEAP, 1)
        for entry in entries:
            writer.add_document(document(entry))
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()

    def matching(self, query: str) -> set[str]:
        """Return the ids of the stories that a query matches, with all its words."""
        parsed = parse(query)
        wanted, searcher = matching.wanted(parsed.clauses, self._names), self._index.searcher()
        compiler = Compiler(searcher, Frequencies([], ()), ())
        compiled: Query = compiler.query(wanted, tuple(matching.dated(parsed.since, parsed.until)))
        found = searcher.search(compiled, len(self._entries)).hits
        stories = (searcher.doc(address).to_dict()["story"][0] for _, address in found)
        return {json.loads(bytes(story))["id"] for story in stories}


def _is_news(state: Mapping[str, Any] | None, entry: Entry, *, matches: bool) -> bool:
    """Return whether a watch fires: for a first match, or for a later capture with other words."""
    if state is None:
        return matches
    later = str(entry.story["captured_at"]) > state["captured_at"]
    return later and bool(entry.article.digest != state["digest"])


def _is_condition(error: ClientError) -> bool:
    """Return whether a transaction failed on its condition or a concurrent one, and on nothing else."""
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    codes = {reason.get("Code") for reason in reasons}
    return "ConditionalCheckFailed" in codes and codes <= {"None", "ConditionalCheckFailed"}


def _update(s3: "S3Client", bucket: str, change: Callable[[list[Watch]], list[Watch]]) -> None:
    for _ in range(_ATTEMPTS):
        data, etag = objects.get_tagged(s3, bucket=bucket, key=object_keys.WATCHES)
        there = [Watch(**values) for values in json.loads(data or b"[]")]
        body = json.dumps([asdict(each) for each in change(there)], ensure_ascii=False, indent=1).encode()
        if etag and objects.put_over(s3, bucket=bucket, key=object_keys.WATCHES, body=body, etag=etag):
            return
        if not etag and objects.put_once(s3, bucket=bucket, key=object_keys.WATCHES, body=body):
            return
    raise WatchError(f"other people changed the watches {_ATTEMPTS} times meanwhile; try again")
