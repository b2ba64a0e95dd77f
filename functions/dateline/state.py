"""What the crawl knows between two runs, in the table: URLs, feeds, and when a source is due (see ``keys``).

Every item is a few hundred bytes. What was captured, and when to look again, the capture bucket has too, and a rebuild
restores it. The rest is a cache: lost, it costs one more look at each feed and at each page that fails, and no article.
Methods block; the spiders call them off the reactor's thread.
"""

import hashlib
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from dateline import keys
from dateline.page import Payload
from dateline.urls import canonical

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

    from dateline.capture import Capture

_MAX_DATE = 60  # characters of a date as a feed has it
_MAX_TITLE = 300  # characters of a title: an item is well below 1 KB, and the whole title is in the capture
_GET, _WRITE = 100, 25  # items that BatchGetItem and BatchWriteItem take (DynamoDB's limits)
_MAX_ROBOTS = 64 << 10  # bytes, compressed: the longest real ones are a few hundred kB of text, and shrink to a tenth


class ThrottledError(RuntimeError):
    """DynamoDB left some items of a batch undone however often it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlState:
    """A canonical URL that was captured, or that could not be.

    ``captured_at`` is the last look that was answered, empty where none was, ``first_seen_at`` the first; ``item`` is
    the fingerprint of the feed item that led to it, if one did, and ``found`` what is said of it where it was found.
    ``digest`` is that of its payload, which is in the response record of ``payload_url`` and ``payload_at``. ``due`` is
    when to look again. ``failures`` counts the looks on end that failed, the last one by the reason ``failure``.
    """

    url: str
    source: str
    captured_at: str = ""
    status: int = 0
    item: str | None = None
    first_seen_at: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    digest: str | None = None
    payload_url: str | None = None
    payload_at: str | None = None
    due: str | None = None
    failures: int = 0
    failure: str | None = None
    found: Mapping[str, str] = field(default_factory=dict)

    @property
    def payload(self) -> Payload | None:
        """The body that the page had when it was captured last."""
        if self.payload_url and self.payload_at and self.digest:
            return Payload(self.payload_url, datetime.fromisoformat(self.payload_at), self.digest)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """The validators of a feed's last answer, for a conditional request (RFC 9110 section 13).

    A sitemap's too; ``lastmod`` is then when its index said that it changed, in the index's words. ``digest`` is
    that of its body. ``failures`` counts the looks on end that failed; the rest is of the last of them, and
    ``retry_at`` is when to try again. ``changed_at`` is when it last had something new; a look without news leaves no
    trace here.
    """

    url: str
    etag: str | None = None
    last_modified: str | None = None
    lastmod: str | None = None
    digest: str | None = None
    changed_at: str | None = None
    failures: int = 0
    failure: str | None = None
    error: str | None = None
    failing_since: str | None = None
    retry_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsState:
    """A host's robots.txt as it was at ``fetched_at`` (UTC); ``text`` is empty where it has none.

    ``host`` is that of its URL, with the scheme: ``https://news.example``.
    """

    host: str
    fetched_at: datetime
    text: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the crawls of a source have gone: a crawl succeeds where at least one of its feeds can be read.

    ``revisit_at`` is when the first of its pages is due to be looked at again.
    """

    source: str
    crawled_at: str | None = None
    succeeded_at: str | None = None
    failures: int = 0
    failure: str | None = None
    failing_since: str | None = None
    retry_at: str | None = None
    revisit_at: str | None = None


class State(Protocol):
    """What a crawl asks and tells."""

    def urls(self, urls: Iterable[str]) -> dict[str, UrlState]:
        """The states of those canonical URLs that are known."""

    def save_urls(self, states: Iterable[UrlState], before: Iterable[UrlState] = ()) -> None:
        """Record URLs, and that they are due; ``before`` are states that these take the place of."""

    def revisits(self, source: str, at: datetime, limit: int) -> list[UrlState]:
        """The first ``limit`` of a source's URLs that are due at an instant."""

    def next_revisit(self, source: str) -> str | None:
        """When the first of a source's URLs is due."""

    def health(self, sources: Iterable[str]) -> dict[str, Health]:
        """The health of those sources that were ever crawled."""

    def save_health(self, health: Health) -> None:
        """Record a source's health."""

    def feeds(self, source: str, urls: Iterable[str]) -> dict[str, FeedState]:
        """The states of those of a source's feeds that are known."""

    def save_feeds(self, source: str, states: Iterable[FeedState]) -> None:
        """Record the validators of feeds whose every item has been dealt with."""

    def robots(self, host: str) -> RobotsState | None:
        """The robots.txt that was last fetched of a host, however old."""

    def save_robots(self, state: RobotsState) -> None:
        """Record a robots.txt, unless it is too large for an item of the table: that one is fetched each time."""

    def held(self, host: str) -> datetime | None:
        """Until when (UTC) a host asked to be left alone, if it did; that may be past."""

    def hold(self, host: str, until: datetime) -> None:
        """Record that a host asked to be left alone."""


class TableState:
    """The state in the DynamoDB table."""

    def __init__(self, table: "Table", *, pause: Callable[[float], None] = time.sleep) -> None:
        # The resource's client takes Python values as the table does and, unlike the table, may be used by threads.
        self._client: Any = table.meta.client
        self._table, self._pause = table.name, pause

    def urls(self, urls: Iterable[str]) -> dict[str, UrlState]:
        items = self._get(keys.url_state(url) for url in set(urls))
        return {item["url"]: UrlState(**_fields(item)) for item in items}

    def save_urls(self, states: Iterable[UrlState], before: Iterable[UrlState] = ()) -> None:
        latest = {state.url: state for state in states}  # a batch must not name one key twice
        due = {(state.due, url): _due(state) for url, state in latest.items() if state.due}
        over = [_due(state) for state in before if state.due and (state.due, state.url) not in due]
        # In this order, so that a URL that is due is never without the item that says so.
        self._put(keys_of | {"url": url} for (_, url), keys_of in due.items())
        self._put(keys.url_state(url) | _values(state) for url, state in latest.items())
        self._delete(over)

    def revisits(self, source: str, at: datetime, limit: int) -> list[UrlState]:
        items = self._query(source, keys.due(source, "")["SK"], keys.due(source, keys.utc(at, "seconds"))["SK"], limit)
        states = self.urls(item["url"] for item in items)
        due = [states[item["url"]] for item in items if _is_due(states.get(item["url"]), item)]
        # A URL's state says when it is due; what says otherwise was left by a crawl that was killed, or is over.
        over = [item for item in items if not _is_due(states.get(item["url"]), item)]
        self._delete({"PK": item["PK"], "SK": item["SK"]} for item in over)
        return due

    def next_revisit(self, source: str) -> str | None:
        items = self._query(source, keys.due(source, "")["SK"], keys.due(source, "9")["SK"], 1)
        return str(items[0]["SK"].split("#")[1]) if items else None

    def health(self, sources: Iterable[str]) -> dict[str, Health]:
        items = self._get(keys.health(source) for source in set(sources))
        return {item["source"]: Health(**_fields(item)) for item in items}

    def save_health(self, health: Health) -> None:
        self._put([keys.health(health.source) | _values(health)])

    def feeds(self, source: str, urls: Iterable[str]) -> dict[str, FeedState]:
        items = self._get(keys.feed_state(source, url) for url in set(urls))
        return {item["url"]: FeedState(**_fields(item)) for item in items}

    def save_feeds(self, source: str, states: Iterable[FeedState]) -> None:
        self._put(keys.feed_state(source, state.url) | _values(state) for state in states)

    def robots(self, host: str) -> RobotsState | None:
        for item in self._get([keys.robots(host)]):
            fetched_at = datetime.fromisoformat(item["fetched_at"])
            return RobotsState(host=host, fetched_at=fetched_at, text=zlib.decompress(bytes(item["text"])))
        return None

    def save_robots(self, state: RobotsState) -> None:
        text = zlib.compress(state.text)
        if len(text) <= _MAX_ROBOTS:
            fetched_at = keys.utc(state.fetched_at, "seconds")
            self._put([keys.robots(state.host) | {"host": state.host, "fetched_at": fetched_at, "text": text}])

    def held(self, host: str) -> datetime | None:
        items = list(self._get([keys.hold(host)]))
        return datetime.fromisoformat(items[0]["until"]) if items else None

    def hold(self, host: str, until: datetime) -> None:
        self._put([keys.hold(host) | {"host": host, "until": keys.utc(until, "seconds")}])

    def due(self, sources: Iterable[str]) -> dict[str, datetime]:
        """When each source is due (UTC), for those that were ever dispatched."""
        items = self._get(keys.schedule(source) for source in set(sources))
        return {item["source"]: datetime.fromisoformat(item["due"]) for item in items}

    def save_due(self, due: Mapping[str, datetime]) -> None:
        """Record when each source is due next."""
        self._put(
            keys.schedule(source) | {"source": source, "due": keys.utc(at, "seconds")} for source, at in due.items()
        )

    def _get(self, wanted: Iterable[Mapping[str, str]]) -> Iterator[dict[str, Any]]:
        for chunk in _chunks(wanted, _GET):
            left: dict[str, Any] = {self._table: {"Keys": chunk}}
            for pause in _pauses():
                answer = self._client.batch_get_item(RequestItems=left)
                yield from answer["Responses"].get(self._table, [])
                if not (left := answer["UnprocessedKeys"]):
                    break
                self._pause(pause)
            else:
                raise ThrottledError(f"BatchGetItem left {len(left[self._table]['Keys'])} keys unread")

    def _query(self, source: str, first: str, last: str, limit: int) -> list[dict[str, Any]]:
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="PK = :source AND SK BETWEEN :first AND :last",
            ExpressionAttributeValues={":source": keys.due(source, "")["PK"], ":first": first, ":last": last},
            Limit=limit,
            ConsistentRead=True,
        )
        items: list[dict[str, Any]] = answer["Items"]
        return items

    def _put(self, items: Iterable[Mapping[str, Any]]) -> None:
        self._write({"PutRequest": {"Item": item}} for item in items)

    def _delete(self, wanted: Iterable[Mapping[str, str]]) -> None:
        self._write({"DeleteRequest": {"Key": key}} for key in wanted)

    def _write(self, requests: Iterable[Mapping[str, Any]]) -> None:
        for chunk in _chunks(requests, _WRITE):
            left: dict[str, Any] = {self._table: chunk}
            for pause in _pauses():
                if not (left := self._client.batch_write_item(RequestItems=left)["UnprocessedItems"]):
                    break
                self._pause(pause)
            else:
                raise ThrottledError(f"BatchWriteItem left {len(left[self._table])} items unwritten")


def url_states(page: "Capture") -> Iterator[UrlState]:
    """What a captured page says of its URLs: the one that was asked for and the one that answered.

    Nothing where it was imported: what others fetched is not for the crawl to ask for again, or to leave.
    """
    if page.metadata.get("family") == "import":
        return iter(())
    payload = page.revisits or Payload(page.url, page.captured_at, page.payload_digest or "")
    return captured(
        page.url,
        page.metadata,
        captured_at=page.captured_at,
        status=page.status,
        payload=payload,
        validators=page.validators,
    )


def captured(
    url: str,
    metadata: Mapping[str, Any],
    *,
    captured_at: datetime,
    status: int,
    payload: Payload,
    validators: tuple[str | None, str | None],
) -> Iterator[UrlState]:
    """The same of a page on its way to a capture object, by what its metadata record will say."""
    asked_for, answered = canonical(metadata.get("requested_url", url)), canonical(url)
    etag, last_modified = validators if any(validators) else metadata.get("validators", (None, None))
    state = UrlState(
        url=asked_for,
        source=metadata.get("source", ""),
        captured_at=keys.utc(captured_at, "seconds"),
        status=200 if status == 304 else status,
        item=fingerprint(metadata) if metadata.get("family") == "feed" else None,
        first_seen_at=metadata.get("first_seen_at"),
        etag=etag,
        last_modified=last_modified,
        digest=payload.digest or None,
        payload_url=payload.url,
        payload_at=keys.utc(payload.at, "microseconds"),
        due=metadata.get("due"),
        found=kept(metadata),
    )
    yield state
    if answered != asked_for:
        yield replace(state, url=answered, due=None, found={})


def kept(metadata: Mapping[str, Any]) -> dict[str, str]:
    """What of a discovery goes into the table, so that a page that is due is asked for as it was found."""
    limits = {"family": 20, "discovered_from": 2000, "requested_url": 2000, "feed_date": 40, "lastmod": 40}
    limits |= {"feed_title": _MAX_TITLE, "feed_date_raw": _MAX_DATE}
    return {name: metadata[name][:limit] for name, limit in limits.items() if metadata.get(name)}


def conditions(state: UrlState | FeedState) -> dict[str, str]:
    """The headers that ask for a page or a feed only if it has changed (RFC 9110 section 13.1)."""
    headers = {"If-None-Match": state.etag, "If-Modified-Since": state.last_modified}
    return {name: value for name, value in headers.items() if value}


def fingerprint(metadata: Mapping[str, Any]) -> str:
    """16 hex digits that change when the title or the date of a feed item does: the story is worth another look."""
    title = (metadata["feed_title"] or "")[:_MAX_TITLE]  # as the table keeps it, from which it is made again
    date = metadata["feed_date"] or (metadata["feed_date_raw"] or "")[:_MAX_DATE]
    return hashlib.sha256(f"{title}\n{date}".encode()).hexdigest()[:16]


def _due(state: UrlState) -> dict[str, str]:
    return keys.due(state.source, state.due or "", state.url)


def _is_due(state: UrlState | None, item: Mapping[str, Any]) -> bool:
    return state is not None and _due(state)["SK"] == item["SK"]


def _values(state: UrlState | FeedState | Health) -> dict[str, Any]:
    """A state's part of a table item; what is empty is left out."""
    return {name: value for name, value in asdict(state).items() if value}


def _fields(item: Mapping[str, Any]) -> dict[str, Any]:
    """The state's part of a table item; numbers come back from the table as ``Decimal``."""
    fields = {name: value for name, value in item.items() if name not in ("PK", "SK")}
    return fields | {name: int(fields[name]) for name in ("status", "failures") if name in fields}


def _pauses() -> list[float]:
    """Seconds to wait after each attempt: doubling from 50 ms, 6 seconds of throttling in all."""
    return [0.05 * 2**attempt for attempt in range(7)]


def _chunks(items: Iterable[Mapping[str, Any]], size: int) -> Iterator[list[Mapping[str, Any]]]:
    left = iter(items)
    while chunk := list(islice(left, size)):
        yield chunk
