"""Track a crawl or a re-extraction on a deployed stack by its objects in S3."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dateline.archive.formats import read_outcomes
from dateline.aws import objects
from dateline.keys import object_keys
from dateline.maintenance.reextract import ReextractionReport
from dateline.messages import CrawlReport

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(slots=True, kw_only=True)
class FollowedCrawl:
    """A crawl and its continuations so far; ``look`` updates it."""

    source: str
    crawl: str
    captures: set[str] = field(default_factory=set)
    reports: list[CrawlReport] = field(default_factory=list)
    archived: dict[str, Counter[str]] = field(default_factory=dict)  # outcomes by capture key

    def look(self, s3: "S3Client", *, captures: str, archive: str) -> None:
        """Read the new objects in the two buckets."""
        self._look_for_captures(s3, captures)
        for key in sorted(self.captures - self.archived.keys()):
            lines = objects.get(s3, bucket=archive, key=object_keys.parse(key).outcomes)
            if lines is not None:
                self.archived[key] = Counter(page.outcome.value for page in read_outcomes(lines))

    @property
    def done(self) -> bool:
        """Whether the crawl has ended and each of its captures has been archived."""
        return self.report is not None and self.archived.keys() >= self.report.captures.keys()

    @property
    def postponed(self) -> str | None:
        """Until when (UTC) the rest of the crawl waits, if the outlet asked to be left alone; the rest is archived."""
        all_archived = self.archived.keys() >= self.captures
        return self.reports[-1].waits_until if self.reports and all_archived else None

    @property
    def report(self) -> CrawlReport | None:
        """Return the combined report of the crawl and its continuations, after the last one."""
        return total(self.reports) if self.reports and not self._next else None

    @property
    def outcomes(self) -> Counter[str]:
        """Archived, unchanged, ... pages so far."""
        return sum(self.archived.values(), Counter[str]())

    def summary(self) -> dict[str, Any]:
        """Return the result: numbers of URLs and pages, failures by reason, unreadable feeds."""
        blank = CrawlReport(source=self.source, crawl=self.crawl, started_at="")
        report = total(self.reports) if self.reports else blank
        return {
            "source": self.source,
            "crawl": self.crawl,
            "done": self.done,
            "postponed": self.postponed,
            "discovered": report.discovered,
            "known": report.known,
            "waiting": report.waiting,
            "left": report.left,
            "captured": report.captured,
            "outcomes": dict(sorted(self.outcomes.items())),
            "failures": report.reasons(),
            "feed_errors": {visit.url: visit.error for visit in report.feeds if visit.error},
        }

    @property
    def _next(self) -> str | None:
        """The crawl whose report is not there yet."""
        return self.reports[-1].continued_by if self.reports else self.crawl

    def _look_for_captures(self, s3: "S3Client", bucket: str) -> None:
        while crawl := self._next:
            body = objects.get(s3, bucket=bucket, key=object_keys.crawl_report(self.source, crawl))
            if body is None:
                prefix = object_keys.captures_prefix(self.source, crawl)
                pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
                self.captures |= {found["Key"] for page in pages for found in page.get("Contents", [])}
                return
            self.reports.append(CrawlReport.from_json(body))
            self.captures |= self.reports[-1].captures.keys()


@dataclass(slots=True, kw_only=True)
class FollowedReextraction:
    """A re-extraction so far; ``look`` updates it.

    ``done`` are the keys of the reports on finished WARC files.
    """

    run: str
    done: set[str] = field(default_factory=set)
    pages: int = 0
    changed: int = 0
    given_up: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)

    def look(self, s3: "S3Client", *, archive: str) -> None:
        """Read the new reports."""
        for key in objects.keys(s3, bucket=archive, prefix=object_keys.reextractions(self.run)):
            if key not in self.done:
                report = ReextractionReport.from_json(objects.get(s3, bucket=archive, key=key) or b"")
                if report.done:
                    self.done.add(key)
                    self._add(report)

    def summary(self) -> dict[str, Any]:
        """Return the changes of the run: pages, outcomes, articles by field, rejected pages."""
        return {
            "run": self.run,
            "captures": len(self.done),
            "pages": self.pages,
            "changed": self.changed,
            "given_up": self.given_up,
            "outcomes": dict(sorted(self.outcomes.items())),
            "fields": dict(self.fields.most_common()),
        }

    def _add(self, report: ReextractionReport) -> None:
        self.pages += report.pages
        self.changed += len([each for each in report.changes if each.given_up is None])
        self.given_up += report.given_up
        self.outcomes += report.outcomes
        self.fields += report.fields


def of_captures(source: str, captures: Mapping[str, int]) -> FollowedCrawl:
    """Return stored captures to be followed to the archive: their keys with numbers of pages."""
    report = CrawlReport(source=source, crawl="", started_at="", captures=dict(captures))
    return FollowedCrawl(source=source, crawl="", captures=set(captures), reports=[report])


def total(reports: Sequence[CrawlReport]) -> CrawlReport:
    """Return the combined report of a crawl and its continuations; URLs handed over count once."""
    first, *_, last = reports[0], *reports
    handed_on = sum(report.left for report in reports[:-1])
    return CrawlReport(
        source=first.source,
        crawl=first.crawl,
        started_at=first.started_at,
        finished_at=last.finished_at,
        discovered=sum(report.discovered for report in reports) - handed_on,
        known=sum(report.known for report in reports),
        waiting=sum(report.waiting for report in reports),
        left=last.left,
        revisited=sum(report.revisited for report in reports),
        captures={key: pages for report in reports for key, pages in report.captures.items()},
        feeds=[visit for report in reports for visit in report.feeds],
        failures=[failure for report in reports for failure in report.failures],
    )
