"""Records of the crawl's state: URLs, feeds, hosts and sources; each is an item of the table (``item_keys``)."""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self

from dateline import instants
from dateline.page import Payload

_MAX_AGE = timedelta(hours=24)  # of a robots.txt (RFC 9309 section 2.4)
_KEPT = timedelta(days=30)  # while it is unreachable (section 2.3.1.4)
REWRITES = 2  # looks with other bytes each, until a page counts as made anew for each request
_MAX_ROBOTS = 64 << 10  # bytes, compressed: the longest real ones are a few hundred kB of text, and shrink to a tenth


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlState:
    """A canonical URL after a capture or a failure.

    ``captured_at`` is the last answered visit, empty for none, ``first_seen_at`` the first; ``item`` is the hash of the
    feed item behind the discovery, if any, and ``found`` the other facts of the discovery. ``digest`` is the payload's,
    stored in the response record of ``payload_url`` and ``payload_at``. ``due`` is the time of the next visit, known of
    due and of failing pages alone (``state.due_times``). A visit without news does not change ``captured_at``.
    ``failures`` counts consecutive failed visits, ``failure`` is the last reason. ``rewrites`` counts consecutive looks
    that found other bytes at a page without validators, up to ``REWRITES``; from then on no payload is known of the
    page, and each look captures all of it. Its states no longer differ, so they are not written. A story
    ``withdrawn_at`` an instant has no other fields and is never requested again.
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
    rewrites: int = 0
    found: Mapping[str, str] = field(default_factory=dict)
    withdrawn_at: str | None = None

    @property
    def payload(self) -> Payload | None:
        """Body of the page's last capture."""
        if self.payload_url and self.payload_at and self.digest:
            return Payload(self.payload_url, datetime.fromisoformat(self.payload_at), self.digest)
        return None

    def is_outdated(self, known: Self | None) -> bool:
        """Return whether a later visit of the page is ``known``, or its withdrawal."""
        if known is None or self.withdrawn_at:
            return False
        return bool(known.withdrawn_at) or (bool(self.captured_at) and self.captured_at < known.captured_at)

    def repeats(self, known: Self | None) -> bool:
        """Return whether the visit found what is ``known``: neither other facts nor a later date in a sitemap."""
        if known is None or replace(self, captured_at=known.captured_at, due=known.due) != known:
            return False
        lastmod = self.found.get("lastmod")
        return not lastmod or instants.utc(datetime.fromisoformat(lastmod), "seconds") <= known.captured_at


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """State of a feed or sitemap, with validators for conditional requests (RFC 9110 section 13).

    For a sitemap, ``lastmod`` is its date in the index, verbatim. ``digest`` is the body's. ``failures`` counts
    consecutive failed visits, the other fields describe the last one; ``retry_at`` is the time of the next try.
    ``changed_at`` is the last visit with news; visits without news are not recorded. ``succeeded_at``, of a failing
    feed, is the last crawl before the failures in which it, or another feed of its source, was readable; of a working
    one, the source's.
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
    succeeded_at: str | None = None
    retry_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsState:
    """A host's robots.txt at ``fetched_at`` (UTC); ``text`` is empty if it has none.

    ``host`` includes the scheme: ``https://news.example``.
    """

    host: str
    fetched_at: datetime
    text: bytes

    @property
    def expires_at(self) -> datetime:
        """When it is to be fetched again."""
        return self.fetched_at + _MAX_AGE

    @property
    def kept_until(self) -> datetime:
        """Until when it stands in for an unreachable robots.txt."""
        return self.fetched_at + _KEPT

    @property
    def packed(self) -> bytes:
        """The text as it is kept."""
        return zlib.compress(self.text)

    @property
    def is_small(self) -> bool:
        """Whether it fits into an item of the table; larger ones are fetched by each crawl."""
        return len(self.packed) <= _MAX_ROBOTS


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthRecord:
    """Results of a source's crawls: a crawl succeeds if at least one of its feeds is readable.

    ``revisit_at`` is the earliest due time of its pages, by ``state.due_times``. ``quiet`` counts the last crawls
    without a new story.
    """

    source: str
    crawled_at: str | None = None
    succeeded_at: str | None = None
    failures: int = 0
    failure: str | None = None
    failing_since: str | None = None
    retry_at: str | None = None
    revisit_at: str | None = None
    quiet: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """How often a source's stories change, by the counters of the last four weeks.

    ``edits`` of the ``looks`` at known stories found other words; ``today`` is the number of looks of the day so far.
    """

    looks: int = 0
    edits: int = 0
    today: int = 0


@dataclass(slots=True, kw_only=True)
class Learned:
    """Everything a crawl learned outside its captures; stored in its report, then in the table.

    ``urls`` are failed pages, ``feeds`` changed feed states, ``robots`` fetched robots.txt files, ``holds`` ends of
    pauses requested by hosts (UTC, ISO 8601). ``health`` has no ``revisit_at``. ``postponed`` is the message of a
    continuation with a later start, given in its name.
    """

    health: HealthRecord | None = None
    urls: list[UrlState] = field(default_factory=list)
    feeds: list[FeedState] = field(default_factory=list)
    robots: list[RobotsState] = field(default_factory=list)
    holds: dict[str, str] = field(default_factory=dict)
    postponed: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON types without empty fields."""
        parts = {
            "health": values(self.health) if self.health else None,
            "urls": [values(state) for state in self.urls],
            "feeds": [values(state) for state in self.feeds],
            "robots": [_robots_to_dict(state) for state in self.robots],
            "holds": dict(self.holds),
            "postponed": self.postponed,
        }
        return {name: part for name, part in parts.items() if part}

    @classmethod
    def from_dict(cls, parts: Mapping[str, Any]) -> Self:
        return cls(
            health=HealthRecord(**parts["health"]) if "health" in parts else None,
            urls=[UrlState(**state) for state in parts.get("urls", ())],
            feeds=[FeedState(**state) for state in parts.get("feeds", ())],
            robots=[_robots_from_dict(state) for state in parts.get("robots", ())],
            holds=dict(parts.get("holds", {})),
            postponed=parts.get("postponed"),
        )


def values(state: UrlState | FeedState | HealthRecord) -> dict[str, Any]:
    """Return a state's attributes for a table item, without empty ones."""
    return {name: value for name, value in asdict(state).items() if value}


def _robots_to_dict(state: RobotsState) -> dict[str, str]:
    text = b64encode(state.packed).decode()
    return {"host": state.host, "fetched_at": instants.utc(state.fetched_at, "seconds"), "text": text}


def _robots_from_dict(values: Mapping[str, str]) -> RobotsState:
    text = zlib.decompress(b64decode(values["text"]))
    return RobotsState(host=values["host"], fetched_at=datetime.fromisoformat(values["fetched_at"]), text=text)
