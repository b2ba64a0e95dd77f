"""Continuation of one crawl: the message for the rest of its work, now or after a pause requested by the host."""

from datetime import UTC, datetime, timedelta

from dateline import instants
from dateline.keys import crawl_names
from dateline.messages import CrawlMessage, CrawlReport
from dateline.sources.registry import Source
from dateline.urls import same_site
from spiders.state import backoff
from spiders.state.frontier import Frontier


class Continuation:
    """``message`` is the crawl's request; without it, there are no continuations. ``frontier`` is what it continues.

    ``held_until`` (UTC) is the end of the pause requested by the outlet's host, or empty.
    """

    def __init__(self, source: Source, message: CrawlMessage | None, frontier: Frontier | None) -> None:
        self._source, self._message = source, message
        self._tries = frontier.tries if frontier else 0
        self.held_until = ""

    @property
    def is_possible(self) -> bool:
        return self._message is not None

    def postpone(self, host: str, until: datetime) -> bool:
        """Leave the rest of the crawl for after the host's pause; return False if that is impossible."""
        if not (self.is_possible and same_site(f"http://{host}/", self._source.home)):
            return False
        self.held_until = max(self.held_until, instants.utc(until, "seconds"))
        return True

    def tries(self, *, idle: bool) -> int:
        """Return the consecutive crawls without result because of the host's pauses; ``idle``: this is one."""
        return self._tries + 1 if idle and self.held_until else 0

    def request(self, report: CrawlReport, tries: int) -> None:
        """Name the continuation in the report: at once, or after the host's pause, and later with each try."""
        if self._message is None:
            return
        now = datetime.now(UTC)
        pause = backoff.back_off("temporary", tries) if tries else timedelta()
        begins = max(datetime.fromisoformat(self.held_until), now + pause) if self.held_until else now
        report.continued_by = crawl_names.continuation(report.crawl, begins)
        if self.held_until:
            report.learned.postponed = self._message.continued(report.continued_by).to_json()
