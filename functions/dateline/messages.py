"""What the stages say to each other: the crawl message on CrawlQueue, the report that a crawl leaves in S3, and the
S3 events and requests for a new extraction on ExtractQueue.
"""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self
from urllib.parse import quote_plus, unquote_plus

from dateline import keys
from dateline.state.records import Learned


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlMessage:
    """Asks for one crawl of one source; ``crawl`` names all that it will write (see ``keys.crawl_name``).

    With ``since`` or ``until`` (ISO 8601 days in the outlet's time zone, both included) it is one of the outlet's
    history: of the stories of those days, and not of new ones. ``continues`` names a crawl whose left-over work this
    one takes up, in place of beginning anew. ``patient``: leave alone what is backing off after failures, as the
    schedule does. ``revisits_only``: look at no feed, just at the pages that are due again.
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
        """The message for the crawl that goes on where this one stopped."""
        return replace(self, crawl=by, continues=self.crawl, revisits_only=False)

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """ValueError says what is wrong with a message that is not one."""
        try:
            return cls(**json.loads(text))
        except (TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"not a crawl message: {error}") from error


@dataclass(frozen=True, slots=True)
class Expect:
    """How many articles a day the outlet should yield; silence is an alarm, not a gap."""

    min: int
    max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A URL that the crawl wanted and did not capture; ``reason`` is a short word such as ``robots`` or ``timeout``."""

    url: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedVisit:
    """One look at a feed: ``items`` it listed, or the ``error`` that says why there are none.

    ``unchanged``: it answered that it has not changed, or with the very bytes that it had. ``note`` is what was left
    out of it.
    """

    url: str
    status: int | None = None
    items: int = 0
    error: str | None = None
    unchanged: bool = False
    note: str | None = None

    @property
    def failed(self) -> bool:
        """Whether there was nothing to read; a feed that had to be cut short has failed in part only."""
        return self.error is not None and not self.items


@dataclass(slots=True, kw_only=True)
class CrawlReport:
    """What a crawl did; the last thing it writes.

    ``captures`` maps the key of each capture object to the number of pages in it. Of the ``discovered`` URLs some
    were ``known`` (captured before), some ``waiting`` (they failed, and are tried again later), the rest were captured,
    failed, or were ``left`` for want of time; the crawl ``continued_by`` takes these up. ``revisited`` is how many of
    the pages were due to be looked at again. What it ``learned`` goes into the table from here. ``expect`` is what the
    source should yield a day, as its registry had it; a crawl of its ``history`` brings stories of other days.
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
        """When its continuation begins (UTC), if that is not at once: its host asked to be left alone."""
        if not (self.continued_by and self.learned.postponed):
            return None
        return keys.utc(keys.crawl_time(self.continued_by), "seconds")

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
    """Asks for a capture object to be extracted again; ``run`` names the report on it (see ``keys.reextraction``).

    With ``offsets``, only those of its records are looked at.
    """

    run: str
    key: str
    offsets: tuple[int, ...] | None = None

    def to_json(self) -> str:
        return json.dumps({"reextract": asdict(self)}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self | None:
        """None for another message on the same queue; ValueError says what is wrong with this one."""
        values = json.loads(text).get("reextract")
        if values is None:
            return None
        try:
            offsets = values.pop("offsets", None)
            return cls(**values, offsets=None if offsets is None else tuple(offsets))
        except (AttributeError, TypeError) as error:
            raise ValueError(f"not a reextract message: {error}") from error


def capture_event(bucket: str, key: str) -> str:
    """What S3 puts on ExtractQueue for a new capture object (S3 event message structure, version 2.1)."""
    return json.dumps({"Records": [{"s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key)}}}]})


def captures_of(event: str) -> list[str]:
    """The keys that such an event names; none in the test event that S3 sends when it is first set up."""
    return [unquote_plus(record["s3"]["object"]["key"]) for record in json.loads(event).get("Records", [])]
