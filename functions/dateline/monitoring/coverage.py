"""Coverage: compare each source's day with its expectation.

A day has a row for each source crawled on the day or in the month before it, so that silent and forgotten sources keep
a row. Rows are a function of the counters; ``coverage_reports`` writes them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key

from dateline.aws import dynamodb, objects
from dateline.keys import item_keys, object_keys
from dateline.messages import FeedVisit
from dateline.monitoring.counters import Day

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3 import S3Client

SILENT = 7  # days without a story, for sources without a known habit
_FEWEST_DAYS = 4  # with stories in a month, to know a source's habit
_PATIENCE = 2  # times its longest pause; also the fewest days: an outlet of a story a day may rest on one
MONTH = 30  # days of history per row


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A source's day. ``day.expect`` is the latest expectation, ``silent_days`` the number of days without a story.

    ``silent_after`` is the unusual number of such days: twice the source's longest pause of the month before, or
    ``SILENT`` for a source with few stories. ``failing`` are feeds, sitemaps and listings with a failed last visit of
    the day, as far as looked up. A day is ``whole`` once it has ended; before that, low yields are not flagged.
    """

    day: Day
    silent_days: int = 0
    silent_after: int = SILENT
    failing: tuple[FeedVisit, ...] = ()
    whole: bool = True

    @property
    def flags(self) -> list[str]:
        """Names of the row's problems."""
        flags = {
            "low": self.whole and self.day.yields == "low",
            "high": self.day.yields == "high",
            "silent": self.silent_days >= self.silent_after,
            "feeds": bool(self.failing),
            "unread": self.whole and self.day.unread != 0,
        }
        return [flag for flag, is_so in flags.items() if is_so]

    def to_dict(self) -> dict[str, Any]:
        """The row in JSON types, as it is in reports."""
        day = self.day
        counts = ("crawls", "discovered", "known", "waiting", "failed", "left", "captured", "revisited", "damaged")
        return {
            "day": day.date,
            "source": day.source,
            "expect": asdict(day.expect) if day.expect else None,
            **{name: day.counts[name] for name in counts},
            **({"passed_over": over} if (over := day.counts["passed_over"]) else {}),
            **day.outcomes,
            "unread": day.unread,
            "failures": day.failures,
            "imported": day.imported,
            "feeds_failed": day.counts["feeds_failed"],
            "failing": [{"url": visit.url, "error": visit.error} for visit in self.failing],
            "silent_days": self.silent_days,
            "silent_after": self.silent_after,
            "flags": self.flags,
        }


def sources(s3: "S3Client", bucket: str) -> list[str]:
    """Yield the ids of all sources ever crawled or imported."""
    return sorted(
        {
            source
            for kind in (object_keys.CRAWLS, object_keys.CAPTURES, object_keys.PACKS)
            for source in objects.folders(s3, bucket, kind)
        }
    )


def rows(table: "Table", source: str, since: date | None, until: date) -> Iterator[Row]:
    """A source's rows by day, both ends included; without ``since``, from its first day on."""
    first = since and since - timedelta(days=MONTH)
    found = {day.date: day for day in _days(table, source, first, until)}
    at = since or date.fromisoformat(min(found, default=f"{until}"))
    while found and at <= until:
        month = [f"{at - timedelta(days=back)}" for back in range(MONTH, -1, -1)]
        if row := _row(source, f"{at}", [found[each] for each in month if each in found]):
            yield row
        at += timedelta(days=1)


def _days(table: "Table", source: str, since: date | None, until: date) -> Iterator[Day]:
    first, last = item_keys.day(source, f"{since or 0}"), item_keys.day(source, f"{until}")
    wanted = Key("PK").eq(first["PK"]) & Key("SK").between(first["SK"], last["SK"])
    yield from map(Day.of_item, dynamodb.query(table, KeyConditionExpression=wanted, ConsistentRead=True))


def last_day(table: "Table", source: str, until: date) -> date | None:
    """Return a source's last day with counters, up to ``until``; None if it has none."""
    first, last = item_keys.day(source, ""), item_keys.day(source, f"{until}")
    wanted = Key("PK").eq(first["PK"]) & Key("SK").between(first["SK"], last["SK"])
    found = table.query(KeyConditionExpression=wanted, ScanIndexForward=False, Limit=1)["Items"]
    return date.fromisoformat(Day.of_item(found[0]).date) if found else None


def _row(source: str, at: str, month: Sequence[Day]) -> Row | None:
    """Return the row of the last day of a month, from the counted days of the month in order."""
    day = month[-1] if month and month[-1].date == at else Day(source=source, date=at)
    crawled = [each.date for each in month if each.counts["crawls"]]
    if not crawled and not day.counts:
        return None
    expect = next((each.expect for each in reversed(month) if each.expect), None)
    stories = [each.date for each in month if each.counts["archived"]]
    since = max(stories, default=min(crawled, default=at))  # without any story, silence starts with the first crawl
    silent_days = (date.fromisoformat(at) - date.fromisoformat(since)).days
    after = _silent_after(stories)
    return Row(day=replace(day, expect=expect), silent_days=silent_days if crawled else 0, silent_after=after)


def _silent_after(stories: Sequence[str]) -> int:
    """Return the unusual number of days without a story, from a month's days with stories (ISO 8601, in order)."""
    if len(stories) < _FEWEST_DAYS:
        return SILENT
    pauses = [(date.fromisoformat(later) - date.fromisoformat(earlier)).days for earlier, later in pairwise(stories)]
    return _PATIENCE * max(pauses)
