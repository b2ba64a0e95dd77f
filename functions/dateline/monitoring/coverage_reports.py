"""The daily coverage reports: a run's work grows with the days that changed, not with the archive.

``reports/coverage/<yyyy-mm-dd>.json`` is rewritten after changes, because captures may be archived days later and
imports may be of any day. A run looks at three kinds of days:

- the last days, from two before the last run's on: all sources, and a report is written if its rows have another digest
  (``reports/coverage/index.json``);
- earlier days with late changes: their sources alone (``counting`` leaves a note for each), and those of the month
  after, since a row depends on the month before it;
- in a new archive, or after a rebuild, every day, newest first.

``reports/coverage/state.json`` keeps the progress, so a run that is out of time or killed is continued by the next.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from boto3.dynamodb.conditions import Key

from dateline.aws import dynamodb, objects
from dateline.aws.deployment import Deployment
from dateline.cost import model
from dateline.keys import item_keys, object_keys
from dateline.messages import CrawlReport
from dateline.monitoring.coverage import MONTH, Row, last_day, rows, sources

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_DAY = timedelta(days=1)
_OVERLAP = timedelta(days=2)  # days before the last run's that may have changed without a note (``counting``)
_DAYS_AT_ONCE = 31  # of reports in memory: with 500 sources some 10 MB
_READS_AT_ONCE = 16
_MAX_FAILING = 20  # seeds listed per source; a broken archive of sitemaps has thousands


@dataclass(slots=True, kw_only=True)
class CoverageState:
    """Progress of the reports; days are ISO 8601, in UTC.

    ``through`` is the last reported day, ``before`` the day whose predecessors have yet to be reported (empty for a
    finished archive), ``late`` maps days with late changes to the sources concerned.
    """

    through: str = ""
    before: str = ""
    late: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def load(cls, s3: "S3Client", bucket: str) -> Self:
        body = objects.get(s3, bucket=bucket, key=object_keys.COVERAGE_STATE)
        return cls(**json.loads(body)) if body else cls()

    def add_late(self, day: str, source: str, until: date) -> None:
        """Have the rows of a source looked at that depend on its counters of a day."""
        first = date.fromisoformat(day)
        for after in range(min(MONTH, (until - first).days) + 1):
            at = f"{first + after * _DAY}"
            if at >= self.before and source not in self.late.setdefault(at, []):
                self.late[at].append(source)

    @property
    def left(self) -> int:
        """The number of days known to be unfinished; an unfinished archive counts as one more."""
        return len(self.late) + bool(self.before)


class CoverageReports:
    """The daily reports in the archive bucket."""

    def __init__(self, deployment: Deployment) -> None:
        self._s3, self._table = deployment.s3, deployment.table
        self._capture_bucket, self._archive_bucket = deployment.capture_bucket, deployment.archive_bucket
        self.state, self._known = CoverageState(), dict[str, str]()

    def update(self, now: datetime, going: Callable[[], bool] = lambda: True) -> Iterator[tuple[str, list[Row]]]:
        """Write the changed reports of whole days (UTC) until ``now``, while ``going``.

        Yields each written day with its new rows: all, or those of the sources with late changes. The next update
        continues an interrupted one.
        """
        until = now.astimezone(UTC).date() - _DAY
        self.state = CoverageState.load(self._s3, self._archive_bucket)
        self._known = json.loads(
            objects.get(self._s3, bucket=self._archive_bucket, key=object_keys.COVERAGE_INDEX) or b"{}"
        )
        if not self.state.through:
            self.state.before = f"{until - _OVERLAP}"
        self._take_notes(until)
        yield from self._recent(until)
        yield from self._late(going)
        yield from self._earlier(going)

    def _take_notes(self, until: date) -> None:
        """Move the notes of late changes into the state. A change during the deletion leaves its note again."""
        found = list(
            dynamodb.query(self._table, KeyConditionExpression=Key("PK").eq(item_keys.LATE), ConsistentRead=True)
        )
        for item in found:
            day, _, source = str(item["SK"]).partition("#")
            if day <= f"{until}":
                self.state.add_late(day, source, until)
        self._save()
        requests = ({"DeleteRequest": {"Key": {"PK": item["PK"], "SK": item["SK"]}}} for item in found)
        dynamodb.write(self._table.meta.client, self._table.name, requests)

    def _recent(self, until: date) -> Iterator[tuple[str, list[Row]]]:
        first = (date.fromisoformat(self.state.through) if self.state.through else until) - _OVERLAP
        while first <= until:
            last = min(until, first + (_DAYS_AT_ONCE - 1) * _DAY)
            yield from self._changed(first, last)
            self.state.through, first = f"{last}", last + _DAY
            self._save()

    def _earlier(self, going: Callable[[], bool]) -> Iterator[tuple[str, list[Row]]]:
        """All days before ``state.before``, a month at a time."""
        while self.state.before and going():
            last = self._last_before(date.fromisoformat(self.state.before))
            if last:
                first = last - (_DAYS_AT_ONCE - 1) * _DAY
                yield from self._changed(first, last)
            self.state.before = f"{first}" if last else ""
            self._save()

    def _last_before(self, day: date) -> date | None:
        """The last day before another one that may have rows."""
        names = sources(self._s3, self._capture_bucket)
        with ThreadPoolExecutor(_READS_AT_ONCE) as threads:
            found = threads.map(lambda source: last_day(self._table, source, day - _DAY), names)
            last = max(filter(None, found), default=None)
        return last and min(last + MONTH * _DAY, day - _DAY)

    def _late(self, going: Callable[[], bool]) -> Iterator[tuple[str, list[Row]]]:
        """The sources with late changes, in the reports of their days."""
        while self.state.late and going():
            some = sorted(self.state.late, reverse=True)[:_DAYS_AT_ONCE]
            wanted = {day: self.state.late[day] for day in some}
            found = self._rows(min(some), max(some), {source for names in wanted.values() for source in names})
            for day, names in wanted.items():
                of = [self._with_failing(row) for row in found.get(day, ()) if row.day.source in names]
                if self._replace(day, names, of):
                    yield day, of
            for day in some:
                del self.state.late[day]
            self._put(object_keys.COVERAGE_INDEX, dict(sorted(self._known.items())))
            self._save()

    def _replace(self, day: str, names: Collection[str], new: Iterable[Row]) -> bool:
        """Replace the rows of some sources in a day's report; return whether it changed."""
        body = objects.get(self._s3, bucket=self._archive_bucket, key=object_keys.coverage_report(day))
        before: list[dict[str, Any]] = json.loads(body)["sources"] if body else []
        after = [row for row in before if row["source"] not in names] + [row.to_dict() for row in new]
        after.sort(key=lambda row: str(row["source"]))
        if after:
            self._put(object_keys.coverage_report(day), _said(day, after))
            self._known[day] = _digest(after)
        return after != before

    def _changed(self, first: date, last: date) -> Iterator[tuple[str, list[Row]]]:
        """Write the reports of a span of days (both included) with other digests; yield them, newest first."""
        found = self._rows(f"{first}", f"{last}", sources(self._s3, self._capture_bucket))
        for day, here in sorted(found.items(), reverse=True):
            digest = _digest(row.to_dict() for row in here)
            if self._known.get(day) == digest:
                continue
            complete = [self._with_failing(row) for row in here]
            self._put(object_keys.coverage_report(day), _said(day, [row.to_dict() for row in complete]))
            self._known[day] = digest
            yield day, complete
        self._put(object_keys.COVERAGE_INDEX, dict(sorted(self._known.items())))

    def _rows(self, first: str, last: str, wanted: Iterable[str]) -> dict[str, list[Row]]:
        """Return some sources' rows by day, in the order of the sources."""
        found = dict[str, list[Row]]()
        for source in sorted(wanted):
            for row in rows(self._table, source, date.fromisoformat(first), date.fromisoformat(last)):
                found.setdefault(row.day.date, []).append(row)
        return found

    def _with_failing(self, row: Row) -> Row:
        if not row.day.counts["feeds_failed"]:
            return row
        prefix = object_keys.crawl_reports(row.day.source, row.day.date)
        wanted = objects.keys(self._s3, bucket=self._capture_bucket, prefix=prefix)
        with ThreadPoolExecutor(_READS_AT_ONCE) as threads:
            reports = list(threads.map(self._report, wanted))
        last = {visit.url: visit for report in reports for visit in report.feeds}
        failing = (visit for visit in last.values() if visit.failed)
        return replace(row, failing=tuple(islice(failing, _MAX_FAILING)))

    def _report(self, key: str) -> CrawlReport:
        return CrawlReport.from_json(objects.get(self._s3, bucket=self._capture_bucket, key=key) or b"")

    def _save(self) -> None:
        self._put(object_keys.COVERAGE_STATE, asdict(self.state))

    def _put(self, key: str, value: Mapping[str, Any]) -> None:
        body = json.dumps(value, ensure_ascii=False, indent=1).encode()
        objects.put_changed(self._s3, bucket=self._archive_bucket, key=key, body=body)


def forget(s3: "S3Client", bucket: str) -> None:
    """Have the next runs compare every day, as after a rebuild of the index."""
    s3.delete_object(Bucket=bucket, Key=object_keys.COVERAGE_STATE)


def use(rows: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Return the counts of a day's rows together, and their dollars by ``dateline.cost``, without storage.

    ``archived`` are new stories and revisions, imported ones too; ``looks`` found nothing new, or a page gone.
    """
    counts = Counter[str]()
    for row in rows:
        counts.update({name: row[name] for name in ("crawls", "captured", "revisited", "archived")})
        counts.update({"archived": row["imported"].get("archived", 0), "looks": row["unchanged"] + row["gone"]})
    dollars = model.of_counts(stories=counts["archived"], looks=counts["looks"], crawls=counts["crawls"])
    return {**counts, "dollars": round(sum(dollars.values()), 4)}


def _said(day: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"day": day, "use": use(rows), "sources": rows}


def _digest(of: Iterable[Mapping[str, Any]]) -> str:
    """Return the digest of a day's rows, without the failing seeds, which take a look into the crawl reports."""
    found = hashlib.sha256()
    for row in of:
        flags = [flag for flag in row["flags"] if flag != "feeds"]
        found.update(json.dumps({**row, "failing": [], "flags": flags}, sort_keys=True).encode())
    return found.hexdigest()[:16]
