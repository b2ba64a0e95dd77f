"""What is known between two crawls, of URLs, feeds, hosts and sources; each is an item of the table (see ``keys``)."""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from dateline import keys
from dateline.page import Payload

_MAX_AGE = timedelta(hours=24)  # of a robots.txt (RFC 9309 section 2.4)
_KEPT = timedelta(days=30)  # while it is unreachable (section 2.3.1.4)
_MAX_ROBOTS = 64 << 10  # bytes, compressed: the longest real ones are a few hundred kB of text, and shrink to a tenth


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlState:
    """A canonical URL that was captured, or that could not be.

    ``captured_at`` is the last look that was answered, empty where none was, ``first_seen_at`` the first; ``item`` is
    the fingerprint of the feed item that led to it, if one did, and ``found`` what is said of it where it was found.
    ``digest`` is that of its payload, which is in the response record of ``payload_url`` and ``payload_at``. ``due`` is
    when to look again. ``failures`` counts the looks on end that failed, the last one by the reason ``failure``. Of a
    story that was ``withdrawn_at`` an instant, nothing else is known, and it is not asked for again.
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
    withdrawn_at: str | None = None

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
    trace here. ``succeeded_at`` is of one that fails: the last crawl before that could read it, or another of its
    source's; of one that works it is the source's own.
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
    """A host's robots.txt as it was at ``fetched_at`` (UTC); ``text`` is empty where it has none.

    ``host`` is that of its URL, with the scheme: ``https://news.example``.
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
        """Until when it stands in for one that is unreachable."""
        return self.fetched_at + _KEPT

    @property
    def packed(self) -> bytes:
        """The text as it is kept."""
        return zlib.compress(self.text)

    @property
    def is_small(self) -> bool:
        """Whether it is kept at all: one that is too large for an item of the table is fetched by each crawl."""
        return len(self.packed) <= _MAX_ROBOTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the crawls of a source have gone: a crawl succeeds where at least one of its feeds can be read.

    ``revisit_at`` is when the first of its pages is due to be looked at again, as the table's ``DUE`` items say.
    """

    source: str
    crawled_at: str | None = None
    succeeded_at: str | None = None
    failures: int = 0
    failure: str | None = None
    failing_since: str | None = None
    retry_at: str | None = None
    revisit_at: str | None = None


@dataclass(slots=True, kw_only=True)
class Learned:
    """What a crawl came to know beside what its captures say. Its report has it, and the table has it from there.

    ``urls`` are the pages that failed, ``feeds`` those whose state is another now, ``robots`` what was fetched of that,
    ``holds`` until when hosts asked to be left alone (UTC, ISO 8601). ``health`` is without ``revisit_at``.
    ``postponed`` is the message for a continuation that is to begin when the time comes that is in its name.
    """

    health: Health | None = None
    urls: list[UrlState] = field(default_factory=list)
    feeds: list[FeedState] = field(default_factory=list)
    robots: list[RobotsState] = field(default_factory=list)
    holds: dict[str, str] = field(default_factory=dict)
    postponed: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """In JSON types; what is empty is left out."""
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
            health=Health(**parts["health"]) if "health" in parts else None,
            urls=[UrlState(**state) for state in parts.get("urls", ())],
            feeds=[FeedState(**state) for state in parts.get("feeds", ())],
            robots=[_robots_from_dict(state) for state in parts.get("robots", ())],
            holds=dict(parts.get("holds", {})),
            postponed=parts.get("postponed"),
        )


def values(state: UrlState | FeedState | Health) -> dict[str, Any]:
    """A state's part of a table item; what is empty is left out."""
    return {name: value for name, value in asdict(state).items() if value}


def _robots_to_dict(state: RobotsState) -> dict[str, str]:
    text = b64encode(state.packed).decode()
    return {"host": state.host, "fetched_at": keys.utc(state.fetched_at, "seconds"), "text": text}


def _robots_from_dict(values: Mapping[str, str]) -> RobotsState:
    text = zlib.decompress(b64decode(values["text"]))
    return RobotsState(host=values["host"], fetched_at=datetime.fromisoformat(values["fetched_at"]), text=text)
