"""Messages between stages: crawl messages, crawl reports, S3 events, re-extraction requests."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self
from urllib.parse import quote_plus, unquote_plus

from dateline import instants
from dateline.keys import crawl_names
from dateline.state.records import Learned

AGAIN = "again"  # attribute of a message from a dead-letter queue, whose deliveries are counted from one


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlMessage:
    """Request for one crawl of one source; ``crawl`` names all its objects (see ``crawl_names.crawl_name``).

    ``since`` or ``until`` (ISO 8601 days in the outlet's time zone, both included) make it a history crawl: stories of
    those days instead of new ones. ``continues`` names an interrupted crawl with a frontier to take over. ``patient``
    skips URLs in back-off, as the schedule does. ``revisits_only`` visits no feeds, only pages due again.
    """

    source: str
    crawl: str
    limit: int | None = None
    since: str | None = None
    until: str | None = None
    continues: str | None = None
    patient: bool = False
    revisits_only: bool = False

    def continued(self, by: str) -> Self:
        """Return the message for the continuation of this crawl."""
        return replace(self, crawl=by, continues=self.crawl, revisits_only=False)

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Parse a message. Raises ValueError for an invalid one."""
        try:
            return cls(**json.loads(text))
        except (TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"not a crawl message: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundMessage:
    """Request for crawls of the sources of one shard, side by side in one function; at most one of each source.

    ``shard`` is the message group (``sources.crawl_shards``). ``round`` names the round after its crawls, ``piece`` one
    of its parts after it was split: the round itself, ``<round>0``, ``<round>01`` and so on.
    """

    shard: str
    crawls: tuple[CrawlMessage, ...]
    round: str
    piece: str

    @classmethod
    def of(cls, shard: str, crawls: Iterable[CrawlMessage]) -> Self:
        """Return a round of crawls. Its name is the same for the same crawls, so SQS drops a repetition."""
        crawls = tuple(crawls)
        names = "\n".join(f"{crawl.source} {crawl.crawl}" for crawl in crawls)
        name = f"{crawls[0].crawl}-{hashlib.sha256(names.encode()).hexdigest()[:12]}-"
        return cls(shard=shard, crawls=crawls, round=name, piece=name)

    def halves(self) -> tuple[Self, Self]:
        """Return the two pieces of a round of several crawls."""
        middle = (len(self.crawls) + 1) // 2
        first, second = self.crawls[:middle], self.crawls[middle:]
        return replace(self, crawls=first, piece=f"{self.piece}0"), replace(self, crawls=second, piece=f"{self.piece}1")

    def to_json(self) -> str:
        named = {"shard": self.shard, "round": self.round, "piece": self.piece}
        crawls = [{name: value for name, value in asdict(crawl).items() if value} for crawl in self.crawls]
        return json.dumps(named | {"crawls": crawls}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str, group: str = "") -> Self:
        """Parse a message; one of a single crawl, as older versions sent it, is a round of its own.

        ``group`` is the message group. Raises ValueError for an invalid message.
        """
        try:
            values = json.loads(text)
            if "crawls" not in values:
                return cls.of(group, [CrawlMessage(**values)])
            crawls = tuple(CrawlMessage(**crawl) for crawl in values.pop("crawls"))
            return cls(**values, crawls=crawls)
        except (TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"not a round of crawls: {error}") from error


@dataclass(frozen=True, slots=True)
class Expect:
    """How many articles a day the outlet should yield; silence is an alarm, not a gap."""

    min: int
    max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A URL without a capture; ``reason`` is a short word such as ``robots`` or ``timeout``."""

    url: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedVisit:
    """One visit of a feed: the number of listed ``items``, or the ``error``.

    ``unchanged`` means that the server said so or sent the same bytes. ``note`` describes ignored parts.
    """

    url: str
    status: int | None = None
    items: int = 0
    error: str | None = None
    unchanged: bool = False
    note: str | None = None

    @property
    def failed(self) -> bool:
        """Whether the feed was unreadable; a truncated feed failed in part only."""
        return self.error is not None and not self.items


@dataclass(slots=True, kw_only=True)
class CrawlReport:
    """Report of a crawl, its last object.

    ``captures`` maps the keys of WARC files to their numbers of pages. Of the ``discovered`` URLs some were ``known``
    (captured before), some ``waiting`` (failed, retried later), others captured, failed, or ``left`` for lack of time;
    the crawl ``continued_by`` takes those over. ``revisited`` counts looks at known pages, due ones and those that a
    feed or sitemap asked for, ``passed_over`` those beyond the source's looks of the day. ``learned`` is copied to the
    table. ``expect`` is the source's expected daily yield at the time; a ``history`` crawl collects stories of
    other days.
    """

    source: str
    crawl: str
    started_at: str
    finished_at: str | None = None
    discovered: int = 0
    known: int = 0
    waiting: int = 0
    left: int = 0
    revisited: int = 0
    passed_over: int = 0
    continued_by: str | None = None
    captures: dict[str, int] = field(default_factory=dict)
    feeds: list[FeedVisit] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    learned: Learned = field(default_factory=Learned)
    expect: Expect | None = None
    history: bool = False

    @property
    def captured(self) -> int:
        return sum(self.captures.values())

    @property
    def waits_until(self) -> str | None:
        """Start of the continuation (UTC) if it is delayed by the host's request."""
        if not (self.continued_by and self.learned.postponed):
            return None
        return instants.utc(crawl_names.crawl_time(self.continued_by), "seconds")

    def reasons(self) -> dict[str, int]:
        """How many failures there were of each kind."""
        return dict(Counter(failure.reason for failure in self.failures))

    def to_json(self) -> str:
        values = asdict(replace(self, learned=Learned())) | {"learned": self.learned.to_dict()}
        return json.dumps(values, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        values: dict[str, Any] = json.loads(text)
        values["feeds"] = [FeedVisit(**visit) for visit in values["feeds"]]
        values["failures"] = [Failure(**failure) for failure in values["failures"]]
        values["learned"] = Learned.from_dict(values.get("learned", {}))
        values["expect"] = Expect(**values["expect"]) if values.get("expect") else None
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReextractMessage:
    """Asks for a WARC file to be extracted again; ``run`` names the report on it (see ``object_keys.reextraction``).

    With ``offsets``, only those of its records are looked at.
    """

    run: str
    key: str
    offsets: tuple[int, ...] | None = None

    def to_json(self) -> str:
        return json.dumps({"reextract": asdict(self)}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self | None:
        """Parse a request; None for another message on the queue. Raises ValueError for an invalid one."""
        values = json.loads(text).get("reextract")
        if values is None:
            return None
        try:
            offsets = values.pop("offsets", None)
            return cls(**values, offsets=None if offsets is None else tuple(offsets))
        except (AttributeError, TypeError) as error:
            raise ValueError(f"not a reextract message: {error}") from error


def capture_event(bucket: str, key: str) -> str:
    """Return S3's message on ExtractQueue for a new WARC file (S3 event message structure, version 2.1)."""
    return json.dumps({"Records": [{"s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key)}}}]})


def captures_of(event: str) -> list[str]:
    """Return the keys of an S3 event; none for S3's initial test event."""
    return [unquote_plus(record["s3"]["object"]["key"]) for record in json.loads(event).get("Records", [])]
