"""The part of the state that is in the table alone; methods block."""

import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dateline import instants
from dateline.aws import dynamodb
from dateline.keys import crawl_names, identifiers, item_keys
from dateline.state.records import FeedState, Habit, HealthRecord, RobotsState, UrlState, values

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

    from dateline.messages import CrawlReport


_NUMBERS = ("status", "failures", "quiet", "rewrites")  # attributes
_WEEKS = timedelta(days=28)  # an outlet's habit; their counters are 6 kB, one read unit


class TableState:
    """States of URLs without their due times, feeds, hosts, health and schedules of sources."""

    def __init__(self, table: "Table", *, pause: Callable[[float], None] = time.sleep) -> None:
        # The resource's client takes Python values as the table does and, unlike the table, may be used by threads.
        self._client: Any = table.meta.client
        self._table, self._pause = table.name, pause

    def urls(self, urls: Iterable[str]) -> dict[str, UrlState]:
        """Return the known states of canonical URLs."""
        return {state.url: state for state in self._states(map(identifiers.url_hash, set(urls)))}

    def habit(self, source: str, day: date) -> Habit:
        """Return how often a source's stories changed in the four weeks before the end of a day (UTC)."""
        first, last = item_keys.day(source, f"{day - _WEEKS}"), item_keys.day(source, f"{day}")
        days = self._query(first["PK"], first["SK"], last["SK"], _WEEKS.days + 1, consistent=False)
        edits = sum(int(each.get("revised", 0)) for each in days)
        today = sum(int(each.get("revisited", 0)) for each in days if each["SK"] == last["SK"])
        return Habit(looks=edits + sum(int(each.get("unchanged", 0)) for each in days), edits=edits, today=today)

    def health(self, sources: Iterable[str]) -> dict[str, HealthRecord]:
        """Return the health of each source crawled before."""
        found = self._get(item_keys.health(source) for source in set(sources))
        return {item["source"]: HealthRecord(**_fields(item)) for item in found}

    def feeds(self, source: str, urls: Iterable[str]) -> dict[str, FeedState]:
        """Return the known states of a source's feeds."""
        found = self._get(item_keys.feed_state(source, url) for url in set(urls))
        return {item["url"]: FeedState(**_fields(item)) for item in found}

    def robots(self, host: str) -> RobotsState | None:
        """Return the last robots.txt of a host, of any age."""
        for item in self._get([item_keys.robots(host)]):
            fetched_at = datetime.fromisoformat(item["fetched_at"])
            return RobotsState(host=host, fetched_at=fetched_at, text=zlib.decompress(bytes(item["text"])))
        return None

    def held(self, host: str) -> datetime | None:
        """Return the end (UTC) of the pause requested by a host, possibly past, or None."""
        found = list(self._get([item_keys.hold(host)]))
        return datetime.fromisoformat(found[0]["until"]) if found else None

    def asked(self, sources: Iterable[str]) -> dict[str, datetime]:
        """Return the start (UTC) of the last scheduled interval of each source, if any."""
        found = self._get(item_keys.schedule(source) for source in set(sources))
        return {item["source"]: datetime.fromisoformat(item["asked"]) for item in found}

    def save_asked(self, asked: Mapping[str, datetime]) -> None:
        """Record the scheduled interval of sources."""
        self._put(
            item_keys.schedule(source) | {"source": source, "asked": instants.utc(at, "seconds")}
            for source, at in asked.items()
        )

    def postponed(self, at: datetime) -> list[str]:
        """Return the messages of continuations due at an instant, at most a thousand."""
        first, last = item_keys.postponed("", ""), item_keys.postponed("", f"{crawl_names.crawl_name(at, '')}~")
        return [str(item["message"]) for item in self._query(first["PK"], first["SK"], last["SK"], 1000)]

    def forget_postponed(self, crawls: Iterable[tuple[str, str]]) -> None:
        """Delete the records of continuations, by source and name, after sending them."""
        self._delete(item_keys.postponed(source, crawl) for source, crawl in crawls)

    def _states(self, url_hashes: Iterable[str]) -> Iterator[UrlState]:
        return (_url_state(_fields(item)) for item in self._get(map(item_keys.hashed_state, url_hashes)))

    def _get(self, wanted: Iterable[Mapping[str, str]], *, consistent: bool = False) -> Iterator[dict[str, Any]]:
        return dynamodb.get(self._client, self._table, wanted, consistent=consistent, pause=self._pause)

    def _query(
        self, partition: str, first: str, last: str, limit: int, *, consistent: bool = True
    ) -> list[dict[str, Any]]:
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="PK = :partition AND SK BETWEEN :first AND :last",
            ExpressionAttributeValues={":partition": partition, ":first": first, ":last": last},
            Limit=limit,
            ConsistentRead=consistent,
        )
        found: list[dict[str, Any]] = answer["Items"]
        return found

    def _put(self, items: Iterable[Mapping[str, Any]]) -> None:
        self._write({"PutRequest": {"Item": item}} for item in items)

    def _delete(self, wanted: Iterable[Mapping[str, str]]) -> None:
        self._write({"DeleteRequest": {"Key": key}} for key in wanted)

    def _write(self, requests: Iterable[Mapping[str, Any]]) -> None:
        dynamodb.write(self._client, self._table, requests, pause=self._pause)


def learned_items(report: "CrawlReport") -> Iterator[dict[str, Any]]:
    """Yield a crawl's items of feeds, hosts and postponed work; ``expires`` (POSIX time) is DynamoDB's."""
    source, learned = report.source, report.learned
    if learned.postponed and report.continued_by:
        yield item_keys.postponed(source, report.continued_by) | {"message": learned.postponed}
    for feed in learned.feeds:
        yield item_keys.feed_state(source, feed.url) | values(feed)
    for robots in learned.robots:
        fetched_at, expires = instants.utc(robots.fetched_at, "seconds"), int(robots.kept_until.timestamp())
        known = {"host": robots.host, "fetched_at": fetched_at, "text": robots.packed, "expires": expires}
        yield item_keys.robots(robots.host) | known
    for host, until in learned.holds.items():
        expires = int(datetime.fromisoformat(until).timestamp())
        yield item_keys.hold(host) | {"host": host, "until": until, "expires": expires}


def url_item(state: UrlState) -> dict[str, Any]:
    """Return the item of a URL: its address once, for one in Arabic has 400 bytes, and no due time unless it fails.

    Of failing pages alone, crawls ask the table when they are due.
    """
    found = {name: value for name, value in state.found.items() if (name, value) != ("requested_url", state.url)}
    payload_url = None if state.payload_url == state.url else state.payload_url
    short = replace(state, found=found, payload_url=payload_url, due=state.due if state.failures else None)
    return item_keys.url_state(state.url) | values(short)


def _url_state(fields: dict[str, Any]) -> UrlState:
    """Return the state of a URL, given the attributes of its item."""
    found = dict(fields.get("found", {}))
    if "family" in found:
        found.setdefault("requested_url", fields["url"])
    if "payload_at" in fields:
        fields.setdefault("payload_url", fields["url"])
    return UrlState(**fields | {"found": found})


def _fields(item: Mapping[str, Any]) -> dict[str, Any]:
    """The state's part of a table item; numbers come back from the table as ``Decimal``."""
    fields = {name: value for name, value in item.items() if name not in ("PK", "SK")}
    return fields | {name: int(fields[name]) for name in _NUMBERS if name in fields}
