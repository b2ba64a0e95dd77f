"""Pace of one host: its delay, and the pauses it asked for (rules in ``middlewares.throttle``)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic

from scrapy.http import Response

from dateline import instants
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
        super().__init__(f"{host} asks to be left alone until {instants.utc(until)}")
        self.host, self.until = host, until


class HostDown(Refusal):
    """A host other than the outlet's does not respond; this crawl asks no more of it."""

    reason = "connection"


@dataclass(slots=True)
class Pace:
    """Pace of one host. ``floor`` is the least delay, ``delay`` the present one, in seconds.

    ``known_until`` is the table's ``held_until``; ``unanswered`` counts consecutive downloads without a response.
    ``turn`` belongs to the one request in flight: Scrapy's own limit lets two through for hosts without a delay, and
    several crawls may share the host. ``asked_at`` (monotonic) is the start of the last request.
    """

    host: str
    floor: float
    delay: float
    held_until: datetime | None = None
    known_until: datetime | None = None
    refusals: int = 0
    unanswered: int = 0
    asked_at: float = float("-inf")
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ready(self, seconds: float) -> None:
        """Wait for the host's turn. Raises HostHeld if the wait exceeds the given seconds, or is too long."""
        pause = (self.held_until - _now()).total_seconds() if self.held_until else 0.0
        if self.held_until and pause > min(PATIENCE, seconds):
            raise HostHeld(self.host, self.held_until)
        if pause > 0:
            await asyncio.sleep(pause)

    async def rest(self, seconds: float) -> None:
        """Wait for the end of the delay, at most the given seconds; needed after requests of another crawl alone."""
        rest = min(self.asked_at + self.delay - monotonic(), seconds)
        if rest > 0:
            await asyncio.sleep(rest)

    def begin(self) -> None:
        """Note the start of a request."""
        self.asked_at = monotonic()

    def at_least(self, floor: float) -> None:
        """Raise the least delay; it never falls."""
        self.floor = max(self.floor, floor)
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


class Hosts:
    """The paces of all hosts of a round, by host; each is loaded once, by the first crawl with a request to it."""

    def __init__(self) -> None:
        self._paces: dict[str, asyncio.Future[Pace]] = {}

    async def pace(self, host: str, load: Callable[[], Awaitable[Pace]]) -> Pace:
        """Return a host's pace. An error of ``load`` is raised to all who wait for it, and not kept."""
        if host not in self._paces:
            self._paces[host] = loading = asyncio.ensure_future(load())
            loading.add_done_callback(lambda done: self._forget(host, done))
        return await asyncio.shield(self._paces[host])  # a crawl that is cancelled must not cancel it for others

    def _forget(self, host: str, done: "asyncio.Future[Pace]") -> None:
        if done.cancelled() or done.exception():
            self._paces.pop(host, None)


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
