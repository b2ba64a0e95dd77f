"""Names of crawls: the UTC second of the request, and a label."""

import os
import re
from datetime import UTC, datetime, time

_CRAWL = re.compile(r"(\d{8}T\d{6}Z)-[a-z0-9-]+")
_SCHEDULED = "schedule"  # how the names of the schedule's crawls end
_PART = re.compile(r"(?P<label>.+?)(?:-c(?P<part>\d+))?")


def crawl_name(requested_at: datetime, label: str) -> str:
    """Return a crawl's name: the time of its request (UTC, to the second) and a distinguishing label."""
    return f"{requested_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{label}"


def new_name(label: str) -> str:
    """Return the name of a crawl or a run that begins now, unlike any other's."""
    return crawl_name(datetime.now(UTC), f"{label}{os.urandom(4).hex()}")


def scheduled_crawl(slot: datetime) -> str:
    """Return the name of the scheduled crawl of an interval, given its start."""
    return crawl_name(slot, _SCHEDULED)


def scheduled_at(crawl: str) -> datetime | None:
    """Return the start of a scheduled crawl's interval, or None for other crawls."""
    return crawl_time(crawl) if crawl.partition("-")[2] == _SCHEDULED else None


def imports(at: datetime) -> str:
    """Return the crawl name for imported pages captured on the same day (UTC)."""
    return crawl_name(datetime.combine(at.astimezone(UTC), time(), UTC), "import")


def crawl_time(crawl: str) -> datetime:
    """Return the time of a crawl's request. Raises ValueError for another form of name."""
    match = _CRAWL.fullmatch(crawl)
    if not match:
        raise ValueError(f"{crawl!r} is not a crawl's name, such as 20190417T061500Z-sample")
    return datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def continuation(crawl: str, at: datetime) -> str:
    """Return the name of a crawl's continuation: with its own time, and ``-c1``, ``-c2`` and so on."""
    match = _PART.fullmatch(crawl.partition("-")[2])
    if not match:
        raise ValueError(f"{crawl!r} is not a crawl's name")
    return crawl_name(at, f"{match['label']}-c{int(match['part'] or 0) + 1}")


def is_continuation(crawl: str) -> bool:
    """Return whether a crawl is a continuation."""
    match = _PART.fullmatch(crawl.partition("-")[2])
    return match is not None and match["part"] is not None
