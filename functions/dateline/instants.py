"""Instants as the archive writes them, and bounds of believable dates."""

from datetime import UTC, datetime, timedelta
from typing import Literal

FIRST_YEAR = 1990  # the first web page is of 1991; outlets put stories of the year before online
_DAY = timedelta(days=1)  # a day has begun somewhere while UTC is still in the one before


def is_believable(at: datetime, latest: datetime | None = None) -> bool:
    """Whether a written date lies between 1990 and tomorrow.

    ``latest`` is the aware instant of the capture, by default now. A naive ``at`` counts as UTC. Never raises: the
    year is compared as written, before any conversion could leave the calendar.
    """
    latest = latest or datetime.now(UTC)
    if not FIRST_YEAR <= at.year <= latest.year + 1:
        return False
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) <= latest + _DAY


def utc(instant: datetime, precision: Literal["seconds", "milliseconds", "microseconds"] = "milliseconds") -> str:
    """Format an aware instant as in the archive: ``2019-04-17T06:15:02.000Z``."""
    return instant.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
