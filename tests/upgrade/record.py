"""``python -m tests.upgrade.record NAME``: record an archive of this version as tests/upgrade/NAME.tar.xz.

Record one when a version changes the shape of items, articles or states, and keep the earlier ones: each is an archive
that somebody may have. The sample newsroom is crawled twice, with a correction and removals in between; then come a
withdrawal, a page in quarantine, a failing feed, a host that asked for a pause and a continuation that waits. Search
index, dataset and proofs are written at the end.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cfnlint.decode.cfn_yaml import load

from dateline import instants
from dateline.archive.writer import ArchiveWriter
from dateline.article import Extraction, Outcome
from dateline.aws import dynamodb
from dateline.dataset.compaction import Compaction
from dateline.dataset.parts import Parts
from dateline.extraction import extract
from dateline.extraction.rulebook import Rulebook
from dateline.index.index import Index
from dateline.keys import crawl_names
from dateline.maintenance.withdraw import Withdrawing
from dateline.messages import CrawlMessage, CrawlReport, FeedVisit
from dateline.monitoring.counter_writes import Counters
from dateline.page import Page
from dateline.proofs.signing import FileSigner
from dateline.proofs.stamps import Stamps
from dateline.proofs.trees import Trees
from dateline.query.query import Query
from dateline.search.index.rebuild import SearchRebuild
from dateline.sources import registry
from dateline.state.crawl_state import CrawlState
from dateline.state.records import FeedState, HealthRecord, Learned, UrlState
from infra.newsroom import Newsroom, serve
from spiders.runs import runner
from spiders.state.stores import BucketStore
from tests.conftest import ROOT, Aws, emulated
from tests.upgrade import recording
from tests.upgrade.view import addresses, view

NOW = datetime.now(UTC)
EDITIONS = [crawl_names.crawl_name(NOW - timedelta(hours=hours), "sample") for hours in (3, 2)]  # names of crawls
TROUBLED = crawl_names.scheduled_crawl(NOW + timedelta(minutes=30))  # after all that the others learn
LONG_AGO = "2019-05-01T00:00:00Z"


def record(path: Path) -> None:
    template = dict(load(str(ROOT / "template.yaml")))
    with tempfile.TemporaryDirectory() as folder, emulated(template) as aws:
        for bucket in (aws.captures, aws.archive):
            aws.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        with serve(Path(folder), edition=1) as newsroom:
            os.environ["DATELINE_ALLOW_HOSTS"] = ",".join(urlsplit(url).netloc for url in newsroom.urls.values())
            for edition, crawl in enumerate(EDITIONS, 1):
                newsroom.set_edition(edition)
                _crawl_all(aws, newsroom, crawl)
        _have_trouble(aws)
        _withdraw_one(aws)
        _derive(aws, Path(folder))
        known = addresses(aws)
        recording.write(path, aws, {"known": known} | view(aws, known))


def _crawl_all(aws: Aws, newsroom: Newsroom, crawl: str) -> None:
    """Crawl and archive each outlet as the functions do, with all known pages due."""
    state = CrawlState(aws.deployment)
    state.save_urls(replace(each, due=LONG_AGO) for each in _urls(aws) if each.found)
    archive = ArchiveWriter(deployment=aws.deployment, index=Index(aws.table), extract=_extraction(newsroom))
    for source in registry.load(newsroom.sources).values():
        message = CrawlMessage(source=source.id, crawl=crawl)
        store = BucketStore(aws.s3, aws.captures, source=source.id, crawl=crawl)
        report = runner.run(message, source, store=store, state=state, deadline=time.monotonic() + 600)
        Counters(aws.table).add_crawl(report)
        for key in report.captures:
            archive.add(key)


def _urls(aws: Aws) -> Iterable[UrlState]:
    known = (item["url"] for item in dynamodb.scan(aws.table) if item["SK"] == "STATE")
    return CrawlState(aws.deployment).urls(known).values()


def _extraction(newsroom: Newsroom) -> Callable[[Page], Extraction]:
    rules = Rulebook.shipped(str(newsroom.sources))

    def extracted(page: Page) -> Extraction:
        if "ghat-flood" in page.url:
            return Extraction(Outcome.QUARANTINED, reason="took longer than 10 s")
        return extract(page, rules)

    return extracted


def _have_trouble(aws: Aws) -> None:
    """A crawl of a source that fails in every way that leaves a state."""
    source, host, at = "sample-gazette", "gazette.example", NOW + timedelta(minutes=35)
    begun, feed = instants.utc(crawl_names.crawl_time(TROUBLED), "seconds"), f"http://{host}/feed"
    rest = crawl_names.continuation(TROUBLED, datetime(2098, 1, 1, tzinfo=UTC))
    message = CrawlMessage(source=source, crawl=TROUBLED)
    failed: dict[str, Any] = {"failures": 2, "failure": "timeout"}
    learned = Learned(
        health=HealthRecord(source=source, crawled_at=begun, failing_since=begun, **failed),
        urls=[UrlState(url=f"http://{host}/slow", source=source, due="2098-01-02T00:00:00Z", **failed)],
        feeds=[FeedState(url=feed, error="timeout", failing_since=begun, retry_at="2098-01-02T00:00:00Z", **failed)],
        holds={host: "2098-01-01T00:00:00Z"},
        postponed=message.continued(rest).to_json(),
    )
    report = CrawlReport(source=source, crawl=TROUBLED, started_at=begun, finished_at=instants.utc(at), learned=learned)
    report.feeds, report.continued_by, report.left = [FeedVisit(url=feed, error="timeout")], rest, 3
    BucketStore(aws.s3, aws.captures, source=source, crawl=TROUBLED).put_report(report)
    CrawlState(aws.deployment).settle(report, list)
    CrawlState(aws.deployment).save_asked({source: crawl_names.crawl_time(TROUBLED)})
    Counters(aws.table).add_crawl(report)


def _withdraw_one(aws: Aws) -> None:
    story = next(each for each in Query(aws.deployment).of_source("sample-courrier") if "kairouan" in each["url"])
    Withdrawing(aws.deployment).withdraw(story, "order of the court of Tunis, 2026/1204")


def _derive(aws: Aws, folder: Path) -> None:
    """Search index, dataset, and a signed tree of the day, as the functions write them."""
    SearchRebuild.of(aws.s3, aws.table, aws.archive).run()
    query = Query(aws.deployment)
    parts = Parts(s3=aws.s3, query=query, index=Index(aws.table), bucket=aws.archive)
    Compaction(s3=aws.s3, query=query, parts=parts, bucket=aws.archive).run(lambda: True)
    Trees(aws.s3, aws.captures).write(NOW.date())
    Stamps(aws.s3, aws.captures, signer=FileSigner(folder / "signing-key.pem"), authorities=[]).add(NOW)


if __name__ == "__main__":
    record(recording.FOLDER / f"{sys.argv[1]}.tar.xz")
