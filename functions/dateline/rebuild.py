"""Rebuild: the table made anew from the two buckets.

The index holds nothing that the buckets don't, so it can be thrown away: each capture object says what the crawl
knows of its URLs and when they are due again, its outcomes and articles objects say what is indexed, each crawl report
what was counted. Captures that were never archived (their message was lost) are handed to ``unarchived``. Writing is
idempotent: a rebuild that was stopped is run again. It may run beside extraction, but not beside crawls, whose later
looks at a URL it would undo.

What no bucket has is a cache and stays lost: the validators of feeds, failures and their back-off, health, schedule,
robots.txt. Each costs one look more.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dateline import capture, keys, objects
from dateline.archive import committed
from dateline.capture import DamagedCaptureError
from dateline.index import Index
from dateline.messages import CrawlReport
from dateline.state import TableState, UrlState, url_states

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3 import S3Client


@dataclass(slots=True)
class Rebuilt:
    """How many capture objects there were, how many had yet to be archived, and how many revisions were indexed."""

    captures: int = 0
    unarchived: int = 0
    stories: int = 0
    crawls: int = 0


def rebuild(
    s3: "S3Client",
    table: "Table",
    *,
    capture_bucket: str,
    archive_bucket: str,
    unarchived: Callable[[str], None],
    progress: Callable[[Rebuilt], None] = lambda _: None,
) -> Rebuilt:
    """Refill the table; ``progress`` is told after each object."""
    index, done, newest = Index(table), Rebuilt(), dict[str, UrlState]()
    for key in objects.keys(s3, bucket=capture_bucket, prefix="captures/"):
        stem = keys.parse(key)
        for found in _url_states(s3, capture_bucket, key):
            if found.url not in newest or newest[found.url].captured_at <= found.captured_at:
                newest[found.url] = found
        settled = committed(s3, archive_bucket, stem)
        if settled:
            index.apply(stem, settled.outcomes, settled.articles)
            done.stories += len(settled.articles)
        else:
            unarchived(key)
            done.unarchived += 1
        done.captures += 1
        progress(done)
    TableState(table).save_urls(newest.values())
    for key in objects.keys(s3, bucket=capture_bucket, prefix="crawls/"):
        report = CrawlReport.from_json(objects.get(s3, bucket=capture_bucket, key=key) or b"")
        index.count_crawl(report)
        done.crawls += 1
        progress(done)
    return done


def _url_states(s3: "S3Client", bucket: str, key: str) -> Iterator[UrlState]:
    body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    with suppress(DamagedCaptureError):  # archiving has told of it; the pages before the damage are sound
        for page in capture.read(body):
            yield from url_states(page)
