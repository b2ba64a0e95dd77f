"""Pace of one host: its delay, and the pauses it asked for (rules in ``middlewares.throttle``)."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from scrapy.http import Response

from dateline import keys
from spiders.failures import Refusal

MAX_DELAY = 60.0  # seconds
PATIENCE = 30.0  # longest wait of a crawl for a host's pause, in seconds
MAX_HOLD = timedelta(days=1)  # whatever Retry-After says
UNSAID = timedelta(minutes=15)  # pause of a host with repeated 429s without a duration
REFUSALS = 3
UNANSWERED = 3  # downloads, which are one URL and its second tries, until a host counts as down


class HostHeld(Refusal):
    """The host asked for a pause ``until`` an instant, longer than this crawl can wait."""

    reason = "retry-after"

    def __init__(self, host: str, until: datetime) -> None:
        super().__init__(f"{host} asks to be left alone until {keys.utc(until)}")
        self.host, self.until = host, until


class HostDown(Refusal):
    """A host other than the outlet's does not respond; this crawl asks no more of it."""

    reason = "connection"


@dataclass(slots=True)
class Pace:
    """Pace of one host. ``floor`` is the least delay, ``delay`` the present one, in seconds.

    ``known_until`` is the table's ``held_until``; ``unanswered`` counts consecutive downloads without a response.
    ``turn`` belongs to the one request in flight: Scrapy's own limit lets two through for hosts without a delay.
    """

    host: str
    floor: float
    delay: float
    held_until: datetime | None = None
    known_until: datetime | None = None
    refusals: int = 0
    unanswered: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ready(self, seconds: float) -> None:
        """Wait for the host's turn. Raises HostHeld if the wait exceeds the given seconds, or is too long."""
        pause = (self.held_until - _now()).total_seconds() if self.held_until else 0.0
        if self.held_until and pause > min(PATIENCE, seconds):
            raise HostHeld(self.host, self.held_until)
        if pause > 0:
            await asyncio.sleep(pause)

    def at_least(self, floor: float) -> None:
        self.floor = floor
        self.delay = max(self.delay, floor)

    def heard(self, response: Response, latency: float) -> None:
        """Adjust the delay to a response and its seconds of waiting."""
        self.unanswered = 0
        if response.status == 429 or response.status >= 500:
            self.strained()
            self._hold(response)
        else:
            self.refusals = 0
            wanted = max(0.9 * self.delay, 2 * latency) if self.floor else 0.0
            self.delay = max(self.floor, min(wanted, MAX_DELAY))

    def strained(self) -> None:
        self.delay = min(2 * self.delay, MAX_DELAY)

    def _hold(self, response: Response) -> None:
        if response.status == 429:
            self.refusals += 1
        pause = UNSAID if self.refusals >= REFUSALS else None
        if response.status in (429, 503) and (asked := response.headers.get("Retry-After")):
            pause = retry_after(asked.decode("latin-1"), _now()) or pause
        if pause:
            self.held_until = _now() + min(pause, MAX_HOLD)


def retry_after(value: str, now: datetime) -> timedelta | None:
    """Return the pause of a Retry-After in seconds, from seconds or a date (RFC 9110 section 10.2.3), or None."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), MAX_HOLD.total_seconds()))
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return until.replace(tzinfo=until.tzinfo or UTC) - now


def _now() -> datetime:
    return datetime.now(UTC)
