"""What the crawl knows between two runs, in the table: URLs, feeds, and when a source is due (see ``keys``).

Every item is a few hundred bytes. It is a cache of what the capture bucket holds: lost, it costs one more fetch of
each page, and no article. Methods block; the spiders call them off the reactor's thread.
"""

import hashlib
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from dateline import keys
from dateline.urls import canonical

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

    from dateline.capture import Capture

_GET, _WRITE = 100, 25  # items that BatchGetItem and BatchWriteItem take (DynamoDB's limits)
_MAX_ROBOTS = 64 << 10  # bytes, compressed: the longest real ones are a few hundred kB of text, and shrink to a tenth

_MAX_ROBOTS = 64 << 10  # bytes, compressed: the longest real ones are a few hundred kB of text, and shrink to a tenth

class ThrottledError(RuntimeError):
    """DynamoDB left some items of a batch undone however often it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlState:
    """A canonical URL that was captured. ``item`` is the fingerprint of the feed item that led to it, if one did."""

    url: str
    source: str
    captured_at: str
    status: int
    item: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """The validators of a feed's last answer, for a conditional request (RFC 9110 section 13).

    A sitemap's too; ``lastmod`` is then when its index said that it changed, in the index's words.
    """

    url: str
    etag: str | None = None
    last_modified: str | None = None
    lastmod: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsState:
    """A host's robots.txt as it was at ``fetched_at`` (UTC); ``text`` is empty where it has none.

    ``host`` is that of its URL, with the scheme: ``https://news.example``.
    """

    host: str
    fetched_at: datetime
    text: bytes


class State(Protocol):
    """What a crawl asks and tells."""

    def urls(self, urls: Iterable[str]) -> dict[str, UrlState]:
        """The states of those canonical URLs that are known."""

    def save_urls(self, states: Iterable[UrlState]) -> None:
        """Record captured URLs."""

    def feeds(self, source: str, urls: Iterable[str]) -> dict[str, FeedState]:
        """The states of those of a source's feeds that are known."""

    def save_feeds(self, source: str, states: Iterable[FeedState]) -> None:
        """Record the validators of feeds whose every item has been dealt with."""

    def robots(self, host: str) -> RobotsState | None:
        """The robots.txt that was last fetched of a host, however old."""

    def save_robots(self, state: RobotsState) -> None:
        """Record a robots.txt, unless it is too large for an item of the table: that one is fetched each time."""

    def held(self, host: str) -> datetime | None:
        """Until when (UTC) a ``host:port`` asked to be left alone, if it did; that may be past."""

    def hold(self, host: str, until: datetime) -> None:
        """Record that a ``host:port`` asked to be left alone."""


class TableState:
    """The state in the DynamoDB table."""

    def __init__(self, table: "Table", *, pause: Callable[[float], None] = time.sleep) -> None:
        # The resource's client takes Python values as the table does and, unlike the table, may be used by threads.
        self._client: Any = table.meta.client
        self._table, self._pause = table.name, pause

    def urls(self, urls: Iterable[str]) -> dict[str, UrlState]:
        items = self._get(keys.url_state(url) for url in set(urls))
        return {item["url"]: UrlState(**_fields(item)) for item in items}

    def save_urls(self, states: Iterable[UrlState]) -> None:
        latest = {state.url: state for state in states}  # a batch must not name one key twice
        self._put(keys.url_state(url) | _values(state) for url, state in latest.items())

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

    def _put(self, items: Iterable[Mapping[str, Any]]) -> None:
        for chunk in _chunks(items, _WRITE):
            left: dict[str, Any] = {self._table: [{"PutRequest": {"Item": item}} for item in chunk]}
            for pause in _pauses():
                if not (left := self._client.batch_write_item(RequestItems=left)["UnprocessedItems"]):
                    break
                self._pause(pause)
            else:
                raise ThrottledError(f"BatchWriteItem left {len(left[self._table])} items unwritten")


def url_states(page: "Capture") -> Iterator[UrlState]:
    """What a captured page says of its URLs: the one that was asked for and the one that answered."""
    return captured(page.url, page.metadata, captured_at=page.captured_at, status=page.status)


def captured(url: str, metadata: Mapping[str, Any], *, captured_at: datetime, status: int) -> Iterator[UrlState]:
    """The same of a page on its way to a capture object, by what its metadata record will say."""
    for identity in {canonical(url), canonical(metadata.get("requested_url", url))}:
        yield UrlState(
            url=identity,
            source=metadata.get("source", ""),
            captured_at=keys.utc(captured_at, "seconds"),
            status=status,
            item=fingerprint(metadata) if metadata.get("family") == "feed" else None,
        )


def fingerprint(metadata: Mapping[str, Any]) -> str:
    """16 hex digits that change when the title or the date of a feed item does: the story is worth another look."""
    stated = f"{metadata['feed_title'] or ''}\n{metadata['feed_date'] or metadata['feed_date_raw'] or ''}"
    return hashlib.sha256(stated.encode()).hexdigest()[:16]


def _values(state: UrlState | FeedState) -> dict[str, Any]:
    return {name: value for name, value in asdict(state).items() if value is not None}


def _fields(item: Mapping[str, Any]) -> dict[str, Any]:
    """The state's part of a table item; numbers come back from the table as ``Decimal``."""
    fields = {name: value for name, value in item.items() if name not in ("PK", "SK")}
    return fields | ({"status": int(fields["status"])} if "status" in fields else {})


def _pauses() -> list[float]:
    """Seconds to wait after each attempt: doubling from 50 ms, 6 seconds of throttling in all."""
    return [0.05 * 2**attempt for attempt in range(7)]


def _chunks(items: Iterable[Mapping[str, Any]], size: int) -> Iterator[list[Mapping[str, Any]]]:
    left = iter(items)
    while chunk := list(islice(left, size)):
        yield chunk
