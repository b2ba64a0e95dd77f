"""Back-off of failing feeds, sources and pages: longer after each failure, never for ever.

Three kinds of failure, as in Media Cloud's rss-fetcher. ``temporary``: the server or the network is out of order.
``soft``: the answer has nothing to read (HTML instead of a feed, a feed without stories). ``hard``: a refusal, likely
to be repeated (404, 403, robots.txt). A success ends any back-off.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from dateline import instants
from dateline.messages import FeedVisit
from dateline.state.records import FeedState, HealthRecord

Kind = Literal["hard", "soft", "temporary"]

LONGEST = timedelta(days=30)
_FIRST: dict[Kind, timedelta] = {
    "temporary": timedelta(minutes=15),
    "soft": timedelta(hours=1),
    "hard": timedelta(hours=6),
}
_REDIRECTS = ("redirect-loop", "redirects")
_HARD = frozenset(
    {"robots", "scheme", "address", "certificate", *_REDIRECTS, "too-large", "refused", "opt-out", "parked"}
)

_SOFT = frozenset({"dead-end"})


def kind(reason: str) -> Kind:
    """The kind of a failure by its word in the crawl report (``spiders.failures``), such as ``timeout``."""
    if reason.startswith("http-"):
        return _of_status(int(reason.removeprefix("http-")))
    return "hard" if reason in _HARD else "soft" if reason in _SOFT else "temporary"


def kind_of_visit(visit: FeedVisit) -> Kind | None:
    """The kind of an unsuccessful look at a feed; None for a successful one, though part of it be left out."""
    if not visit.failed:
        return None
    if visit.status is None:
        return kind(str(visit.error).partition(":")[0])
    return "soft" if visit.status == 200 else _of_status(visit.status)


def back_off(kind: Kind, failures: int) -> timedelta:
    """Return the pause after a number of consecutive failures, at least one: twice as long each time."""
    doubled: int = 2 ** min(failures - 1, 16)
    return min(_FIRST[kind] * doubled, LONGEST)


def after_failure(state: FeedState, kind: Kind, error: str, at: datetime) -> FeedState:
    """Return a feed's state after another failure. Its last contents are still known."""
    failures = state.failures + 1
    return replace(
        state,
        failures=failures,
        failure=kind,
        error=error[:200],
        failing_since=state.failing_since or instants.utc(at, "seconds"),
        retry_at=instants.utc(at + back_off(kind, failures), "seconds"),
    )


def parked(before: HealthRecord, reason: str, at: datetime) -> HealthRecord:
    """Return the health of a source whose crawl was given up for a reason such as ``parked``."""
    now, failures = instants.utc(at, "seconds"), before.failures + 1
    return HealthRecord(
        source=before.source,
        crawled_at=now,
        succeeded_at=before.succeeded_at,
        failures=failures,
        failure=kind(reason),
        failing_since=before.failing_since or now,
        retry_at=instants.utc(at + back_off(kind(reason), failures), "seconds"),
        quiet=before.quiet,
    )


def after_success(state: FeedState) -> FeedState:
    """Return a feed's state after a success."""
    return replace(state, failures=0, failure=None, error=None, failing_since=None, succeeded_at=None, retry_at=None)


def _of_status(status: int) -> Kind:
    return "temporary" if status >= 500 or status in (408, 425, 429) else "hard"
