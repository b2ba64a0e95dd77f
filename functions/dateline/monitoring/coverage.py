"""Coverage: compare each source's day with its expectation.

A day's report, ``reports/coverage/<yyyy-mm-dd>.json``, has a row for each source crawled on the day or in the month
before it, so that silent and forgotten sources keep a row. It is a function of the counters and the crawl reports and
is rewritten after changes, because captures may be archived days later and imports may be of any day.
``reports/coverage/index.json`` holds digests of each day's rows to detect such changes.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key

from dateline import keys
from dateline.aws import objects
from dateline.aws.deployment import Deployment
from dateline.messages import CrawlReport, FeedVisit
from dateline.monitoring.counters import Day

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3 import S3Client

SILENT = 7  # days without a story, for sources without a known habit
_FEWEST_DAYS = 4  # with stories in a month, to know a source's habit
_PATIENCE = 2  # times its longest pause; also the fewest days: an outlet of a story a day may rest on one
_MONTH = 30  # days of history per row
_DAYS_AT_ONCE = 31  # of reports in memory: with 500 sources some 10 MB
_READS_AT_ONCE = 16
_MAX_FAILING = 20  # seeds listed per source; a broken archive of sitemaps has thousands


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
    return sorted({source for kind in (keys.CRAWLS, keys.CAPTURES) for source in objects.folders(s3, bucket, kind)})


def rows(table: "Table", source: str, since: date | None, until: date) -> Iterator[Row]:
    """A source's rows by day, both ends included; without ``since``, from its first day on."""
    first = since and since - timedelta(days=_MONTH)
    found = {day.date: day for day in _days(table, source, first, until)}
    at = since or date.fromisoformat(min(found, default=f"{until}"))
    while found and at <= until:
        month = [f"{at - timedelta(days=back)}" for back in range(_MONTH, -1, -1)]
        if row := _row(source, f"{at}", [found[each] for each in month if each in found]):
            yield row
        at += timedelta(days=1)


class CoverageReports:
    """The daily reports in the archive bucket."""

    def __init__(self, deployment: Deployment) -> None:
        self._s3, self._table = deployment.s3, deployment.table
        self._captures, self._archive = deployment.capture_bucket, deployment.archive_bucket

    def update(self, now: datetime) -> Iterator[tuple[str, list[Row]]]:
        """Write the changed reports of whole days (UTC) until ``now``; yield each day with its rows, newest first.

        An interrupted update continues with the next one.
        """
        until = datetime.fromisoformat(keys.utc(now)).date() - timedelta(days=1)
        body = objects.get(self._s3, bucket=self._archive, key=keys.COVERAGE_INDEX)
        known: dict[str, str] = json.loads(body or b"{}")
        digests = self._digests(until)
        changed = iter(sorted((day for day in digests if known.get(day) != digests[day]), reverse=True))
        while some := list(islice(changed, _DAYS_AT_ONCE)):
            for day, found in self._found(some).items():
                self._put(keys.coverage_report(day), {"day": day, "sources": [row.to_dict() for row in found]})
                yield day, found
            known |= {day: digests[day] for day in some}
            self._put(keys.COVERAGE_INDEX, dict(sorted(known.items())))

    def _digests(self, until: date) -> dict[str, str]:
        """Of each day's rows."""
        hashes: dict[str, Any] = {}
        for source in sources(self._s3, self._captures):
            for row in rows(self._table, source, None, until):
                line = json.dumps(row.to_dict(), sort_keys=True)
                hashes.setdefault(row.day.date, hashlib.sha256()).update(line.encode())
        return {day: found.hexdigest()[:16] for day, found in hashes.items()}

    def _found(self, days: Sequence[str]) -> dict[str, list[Row]]:
        """Return the rows of some days, with their failing feeds."""
        found: dict[str, list[Row]] = {day: [] for day in days}
        first, last = date.fromisoformat(min(days)), date.fromisoformat(max(days))
        for source in sources(self._s3, self._captures):
            for row in rows(self._table, source, first, last):
                if row.day.date in found:
                    found[row.day.date].append(self._with_failing(row))
        return found

    def _with_failing(self, row: Row) -> Row:
        if not row.day.counts["feeds_failed"]:
            return row
        prefix = keys.crawl_reports(row.day.source, row.day.date)
        wanted = objects.keys(self._s3, bucket=self._captures, prefix=prefix)
        with ThreadPoolExecutor(_READS_AT_ONCE) as threads:
            reports = list(threads.map(self._report, wanted))
        last = {visit.url: visit for report in reports for visit in report.feeds}
        failing = (visit for visit in last.values() if visit.failed)
        return replace(row, failing=tuple(islice(failing, _MAX_FAILING)))

    def _report(self, key: str) -> CrawlReport:
        return CrawlReport.from_json(objects.get(self._s3, bucket=self._captures, key=key) or b"")

    def _put(self, key: str, value: Mapping[str, Any]) -> None:
        body = json.dumps(value, ensure_ascii=False, indent=1).encode()
        objects.put_changed(self._s3, bucket=self._archive, key=key, body=body)


def _days(table: "Table", source: str, since: date | None, until: date) -> Iterator[Day]:
    first, last = keys.day(source, f"{since or 0}"), keys.day(source, f"{until}")
    wanted: Any = Key("PK").eq(first["PK"]) & Key("SK").between(first["SK"], last["SK"])
    for page in table.meta.client.get_paginator("query").paginate(TableName=table.name, KeyConditionExpression=wanted):
        yield from map(Day.of_item, page["Items"])


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
