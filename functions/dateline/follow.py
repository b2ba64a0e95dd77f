"""Asking a deployed stack for a crawl, and following it from the queue to the archive by what it writes to S3."""

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dateline import keys, objects
from dateline.archive import read_outcomes
from dateline.messages import CrawlMessage, CrawlReport

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


def request(sqs: "SQSClient", message: CrawlMessage, *, queue: str, host: str) -> None:
    """Put a crawl on CrawlQueue (its URL), behind others of the same host."""
    sqs.send_message(
        QueueUrl=queue, MessageBody=message.to_json(), MessageGroupId=host, MessageDeduplicationId=message.crawl
    )


@dataclass(slots=True, kw_only=True)
class Followed:
    """A crawl as far as it has come; ``look`` brings it up to date."""

    source: str
    crawl: str
    captures: set[str] = field(default_factory=set)
    report: CrawlReport | None = None
    archived: dict[str, Counter[str]] = field(default_factory=dict)  # outcomes by capture key

    def look(self, s3: "S3Client", *, captures: str, archive: str) -> None:
        """Read what has been written to the two buckets since the last look."""
        self._look_for_captures(s3, captures)
        for key in sorted(self.captures - self.archived.keys()):
            lines = objects.get(s3, bucket=archive, key=keys.parse(key).outcomes)
            if lines is not None:
                self.archived[key] = Counter(page.outcome.value for page in read_outcomes(lines))

    @property
    def done(self) -> bool:
        """Whether the crawl has ended and each of its captures has been archived."""
        return self.report is not None and self.archived.keys() >= self.report.captures.keys()

    @property
    def outcomes(self) -> Counter[str]:
        """Archived, unchanged, ... pages so far."""
        return sum(self.archived.values(), Counter[str]())

    def summary(self) -> dict[str, Any]:
        """What came of it: numbers of URLs and pages, failures by reason, feeds that could not be read."""
        report = self.report or CrawlReport(source=self.source, crawl=self.crawl, started_at="")
        return {
            "source": self.source,
            "crawl": self.crawl,
            "done": self.done,
            "discovered": report.discovered,
            "known": report.known,
            "left": report.left,
            "captured": report.captured,
            "outcomes": dict(sorted(self.outcomes.items())),
            "failures": report.reasons(),
            "feed_errors": {visit.url: visit.error for visit in report.feeds if visit.error},
        }

    def _look_for_captures(self, s3: "S3Client", bucket: str) -> None:
        if self.report:
            return
        if body := objects.get(s3, bucket=bucket, key=keys.crawl_report(self.source, self.crawl)):
            self.report = CrawlReport.from_json(body)
            self.captures |= self.report.captures.keys()
            return
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=keys.captures_prefix(self.source, self.crawl)
        )
        self.captures |= {found["Key"] for page in pages for found in page.get("Contents", [])}
