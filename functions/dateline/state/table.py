"""The state in the table; methods block, and the spiders call them off the reactor's thread."""

import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from dateline import keys
from dateline.aws import dynamodb
from dateline.state.records import FeedState, Habit, HealthRecord, RobotsState, UrlState, values

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

    from dateline.messages import CrawlReport


_WEEKS = timedelta(days=28)  # an outlet's habit; their counters are 6 kB, one read unit


class State(Protocol):
    """Reads and writes of a crawl."""

    def urls(self, urls: Iterable[str]) -> dict[str, UrlState]:
        """Return the known states of canonical URLs."""

    def save_urls(self, states: Iterable[UrlState]) -> None:
        """Record URLs and their due times, replacing earlier records."""

    def revisits(self, source: str, at: datetime, limit: int) -> list[UrlState]:
        """Return the first ``limit`` of a source's URLs due at an instant."""

    def habit(self, source: str, day: date) -> Habit:
        """Return how often a source's stories changed in the four weeks before the end of a day (UTC)."""

    def health(self, sources: Iterable[str]) -> dict[str, HealthRecord]:
        """Return the health of each source crawled before."""

    def feeds(self, source: str, urls: Iterable[str]) -> dict[str, FeedState]:
        """Return the known states of a source's feeds."""

    def robots(self, host: str) -> RobotsState | None:
        """Return the last robots.txt of a host, of any age."""

    def held(self, host: str) -> datetime | None:
        """Return the end (UTC) of the pause requested by a host, possibly past, or None."""

    def settle(self, report: "CrawlReport") -> None:
        """Record everything a crawl learned, after its report was stored; repeatable after a kill."""


class TableState:
    """The state in the DynamoDB table."""

    def __init__(self, table: "Table", *, pause: Callable[[float], None] = time.sleep) -> None:
        # The resource's client takes Python values as the table does and, unlike the table, may be used by threads.
        self._client: Any = table.meta.client
        self._table, self._pause = table.name, pause

    def urls(self, urls: Iterable[str]) -> dict[str, UrlState]:
        found = self._get(keys.url_state(url) for url in set(urls))
        return {item["url"]: UrlState(**_fields(item)) for item in found}

    def save_urls(self, states: Iterable[UrlState]) -> None:
        latest = {state.url: state for state in states}  # a batch must not name one key twice
        due = {url: _due(state) for url, state in latest.items() if state.due}
        before = self._get((keys.url_state(url) for url in latest), consistent=True)
        over = [_due(state) for item in before if (state := UrlState(**_fields(item))).due]
        # In this order, so that a URL that is due is never without the item that says so.
        self._put(key | {"url": url} for url, key in due.items())
        self._put(keys.url_state(url) | values(state) for url, state in latest.items())
        self._delete(key for key in over if key not in due.values())

    def revisits(self, source: str, at: datetime, limit: int) -> list[UrlState]:
        until = keys.due(source, keys.utc(at, "seconds"))["SK"]
        first = keys.due(source, "")
        found = self._query(first["PK"], first["SK"], until, limit)
        states = self.urls(item["url"] for item in found)
        due = [states[item["url"]] for item in found if _is_due(states.get(item["url"]), item)]
        # The URL's state has the valid due time; other DUE items are leftovers of killed crawls.
        over = [item for item in found if not _is_due(states.get(item["url"]), item)]
        self._delete({"PK": item["PK"], "SK": item["SK"]} for item in over)
        return due

    def habit(self, source: str, day: date) -> Habit:
        first, last = keys.day(source, f"{day - _WEEKS}"), keys.day(source, f"{day}")
        days = self._query(first["PK"], first["SK"], last["SK"], _WEEKS.days + 1, consistent=False)
        edits = sum(int(each.get("revised", 0)) for each in days)
        today = sum(int(each.get("revisited", 0)) for each in days if each["SK"] == last["SK"])
        return Habit(looks=edits + sum(int(each.get("unchanged", 0)) for each in days), edits=edits, today=today)

    def health(self, sources: Iterable[str]) -> dict[str, HealthRecord]:
        found = self._get(keys.health(source) for source in set(sources))
        return {item["source"]: HealthRecord(**_fields(item)) for item in found}

    def feeds(self, source: str, urls: Iterable[str]) -> dict[str, FeedState]:
        found = self._get(keys.feed_state(source, url) for url in set(urls))
        return {item["url"]: FeedState(**_fields(item)) for item in found}

    def robots(self, host: str) -> RobotsState | None:
        for item in self._get([keys.robots(host)]):
            fetched_at = datetime.fromisoformat(item["fetched_at"])
            return RobotsState(host=host, fetched_at=fetched_at, text=zlib.decompress(bytes(item["text"])))
        return None

    def held(self, host: str) -> datetime | None:
        found = list(self._get([keys.hold(host)]))
        return datetime.fromisoformat(found[0]["until"]) if found else None

    def settle(self, report: "CrawlReport") -> None:
        counted = keys.done(report.source, keys.crawl_report(report.source, report.crawl))
        if not any(self._get([counted], consistent=True)):  # else a later crawl may know better
            learned = report.learned
            health = [learned.health] if learned.health else []
            self.restore(learned.urls, learned_items(report), health)

    def restore(
        self, urls: Iterable[UrlState], others: Iterable[Mapping[str, Any]], healths: Iterable[HealthRecord]
    ) -> None:
        """Record earlier knowledge: URLs, other items, and sources' health with the due times of pages."""
        self.save_urls(urls)
        self._put(others)
        dated = (replace(health, revisit_at=self._next_revisit(health.source)) for health in healths)
        self._put(keys.health(health.source) | values(health) for health in dated)

    def asked(self, sources: Iterable[str]) -> dict[str, datetime]:
        """Return the start (UTC) of the last scheduled interval of each source, if any."""
        found = self._get(keys.schedule(source) for source in set(sources))
        return {item["source"]: datetime.fromisoformat(item["asked"]) for item in found}

    def save_asked(self, asked: Mapping[str, datetime]) -> None:
        """Record the scheduled interval of sources."""
        self._put(
            keys.schedule(source) | {"source": source, "asked": keys.utc(at, "seconds")} for source, at in asked.items()
        )

    def postponed(self, at: datetime) -> list[str]:
        """Return the messages of continuations due at an instant, at most a thousand."""
        first, last = keys.postponed("", ""), keys.postponed("", f"{keys.crawl_name(at, '')}~")
        return [str(item["message"]) for item in self._query(first["PK"], first["SK"], last["SK"], 1000)]

    def forget_postponed(self, crawls: Iterable[tuple[str, str]]) -> None:
        """Delete the records of continuations, by source and name, after sending them."""
        self._delete(keys.postponed(source, crawl) for source, crawl in crawls)

    def _next_revisit(self, source: str) -> str | None:
        """When the first of a source's URLs is due."""
        first = keys.due(source, "")
        found = self._query(first["PK"], first["SK"], keys.due(source, "9")["SK"], 1)
        return str(found[0]["SK"].split("#")[1]) if found else None

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
        yield keys.postponed(source, report.continued_by) | {"message": learned.postponed}
    for feed in learned.feeds:
        yield keys.feed_state(source, feed.url) | values(feed)
    for robots in learned.robots:
        fetched_at, expires = keys.utc(robots.fetched_at, "seconds"), int(robots.kept_until.timestamp())
        known = {"host": robots.host, "fetched_at": fetched_at, "text": robots.packed, "expires": expires}
        yield keys.robots(robots.host) | known
    for host, until in learned.holds.items():
        expires = int(datetime.fromisoformat(until).timestamp())
        yield keys.hold(host) | {"host": host, "until": until, "expires": expires}


def _due(state: UrlState) -> dict[str, str]:
    return keys.due(state.source, state.due or "", state.url)


def _is_due(state: UrlState | None, item: Mapping[str, Any]) -> bool:
    return state is not None and _due(state)["SK"] == item["SK"]


def _fields(item: Mapping[str, Any]) -> dict[str, Any]:
    """The state's part of a table item; numbers come back from the table as ``Decimal``."""
    fields = {name: value for name, value in item.items() if name not in ("PK", "SK")}
    return fields | {name: int(fields[name]) for name in ("status", "failures") if name in fields}
