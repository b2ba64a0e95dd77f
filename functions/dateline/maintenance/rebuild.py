"""Rebuild the table from the two buckets.

The index is disposable: WARC files give the crawl's state of URLs and their due times, outcomes and articles give the
index, crawl reports give the counters and everything else a crawl learned (feeds, failed pages, hosts, health of the
source). The newest statement counts, expired ones are dropped. Captures not archived yet (after a lost message) go to
``unarchived``. Writes are idempotent: repeat an interrupted rebuild; existing items stay. Extraction may run at the
same time, but no crawls, whose newer state a rebuild would overwrite.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from dateline import capture, instants
from dateline.archive.store import Archived, committed
from dateline.aws import objects
from dateline.aws.deployment import Deployment
from dateline.capture import Capture, DamagedCaptureError
from dateline.capture.packs import Packs
from dateline.dataset import progress as dataset
from dateline.events import rebuilding
from dateline.index.index import Index
from dateline.index.withdrawals import Withdrawal, withdrawals
from dateline.keys import crawl_names, item_keys, object_keys
from dateline.keys.object_keys import Stem
from dateline.messages import CrawlReport
from dateline.monitoring import coverage_reports
from dateline.monitoring.counter_writes import Counters
from dateline.state.crawl_state import CrawlState
from dateline.state.pages import url_states
from dateline.state.records import HealthRecord, UrlState
from dateline.state.table import learned_items

T = TypeVar("T")

_FOR_GOOD = "~"  # after every instant


@dataclass(slots=True)
class Rebuilt:
    """How many WARC files there were, how many had yet to be archived, and how many revisions were indexed."""

    captures: int = 0
    unarchived: int = 0
    stories: int = 0
    crawls: int = 0


def rebuild(
    deployment: Deployment,
    *,
    unarchived: Callable[[str], None],
    empty: bool = False,
    progress: Callable[[Rebuilt], None] = lambda _: None,
) -> Rebuilt:
    """Refill the table, emptied first if ``empty``; call ``progress`` after each object."""
    s3, table = deployment.s3, deployment.table
    capture_bucket, archive_bucket = deployment.capture_bucket, deployment.archive_bucket
    index, done, known = Index(table, Counters(table, notes=False)), Rebuilt(), _Known()
    packs = Packs(s3, capture_bucket)
    with rebuilding(s3, archive_bucket):
        begin(deployment, empty=empty)
        for withdrawal in withdrawals(s3, capture_bucket):
            known.add_withdrawal(withdrawal)
        for stem in _in_order(found.key for found in packs.all_listed()):
            known.add_captures(stem, _pages(packs, stem.capture))
            settled = committed(s3, archive_bucket, stem)
            done.stories += index_file(index, stem, settled)
            if not settled:
                unarchived(stem.capture)
                done.unarchived += 1
            done.captures += 1
            progress(done)
        reports = objects.keys(s3, bucket=capture_bucket, prefix=object_keys.CRAWLS)
        for body in (objects.get(s3, bucket=capture_bucket, key=key) for key in reports):
            report = CrawlReport.from_json(body or b"")
            known.add_report(report)
            index.counters.add_crawl(report)
            done.crawls += 1
            progress(done)
        known.write(CrawlState(deployment), datetime.now(UTC))
    finish(deployment)
    return done


def begin(deployment: Deployment, *, empty: bool) -> None:
    """Empty the index if ``empty``; index withdrawn stories."""
    if empty:
        delete_index(deployment)
    index = Index(deployment.table)
    for withdrawal in withdrawals(deployment.s3, deployment.capture_bucket):
        index.withdraw(withdrawal)


def finish(deployment: Deployment) -> None:
    """Have the daily jobs compare everything with the new index."""
    dataset.forget(deployment.s3, deployment.archive_bucket)
    coverage_reports.forget(deployment.s3, deployment.archive_bucket)


def index_file(index: Index, stem: Stem, settled: Archived | None) -> int:
    """Index what is committed of a WARC file; return the number of revisions, 0 for a file not archived yet."""
    if settled is None:
        return 0
    index.apply(stem, settled.outcomes, settled.articles)
    return len(settled.articles)


def restore_state(deployment: Deployment, source: str, now: datetime) -> int:
    """Restore what crawls know of a source, and count its crawls; return their number. ``now`` is aware."""
    s3, bucket, known, crawls = deployment.s3, deployment.capture_bucket, _Known(), 0
    counting, packs = Counters(deployment.table, notes=False), Packs(s3, bucket)
    for withdrawal in withdrawals(s3, bucket):
        if withdrawal.source == source:
            known.add_withdrawal(withdrawal)
    for found in packs.listed(source):
        known.add_captures(object_keys.parse(found.key), _pages(packs, found.key))
    for key in objects.keys(s3, bucket=bucket, prefix=object_keys.folder(object_keys.CRAWLS, source)):
        report = CrawlReport.from_json(objects.get(s3, bucket=bucket, key=key) or b"")
        known.add_report(report)
        counting.add_crawl(report)
        crawls += 1
    known.write(CrawlState(deployment), now)
    return crawls


def delete_index(deployment: Deployment) -> None:
    """Delete due times and all items except those of watches: no bucket has them, and they would fire again."""
    for key in objects.keys(deployment.s3, bucket=deployment.archive_bucket, prefix=object_keys.DUE_TIMES):
        deployment.s3.delete_object(Bucket=deployment.archive_bucket, Key=key)
    table = deployment.table
    scan = table.meta.client.get_paginator("scan")
    pages = scan.paginate(TableName=table.name, ProjectionExpression="PK, SK", ConsistentRead=True)
    with table.batch_writer() as batch:
        for page in pages:
            for item in page["Items"]:
                if not str(item["PK"]).startswith(item_keys.WATCH):
                    batch.delete_item(Key={"PK": item["PK"], "SK": item["SK"]})


def _in_order(found: Iterable[str]) -> list[Stem]:
    """Yield WARC files by the time of their crawls, across sources.

    This is roughly the order of archiving, so the bands of copies exist at the same time; expired ones may be deleted
    any time.
    """
    return sorted(map(object_keys.parse, found), key=lambda stem: (stem.crawl, stem))


def _pages(packs: Packs, key: str) -> Iterator[Capture]:
    with suppress(DamagedCaptureError):  # archiving has told of it; the pages before the damage are sound
        yield from capture.read(packs.open(key))


class _Newest(dict[Any, tuple[str, T]], Generic[T]):
    """Of several values for a key the one with the latest instant (UTC, ISO 8601)."""

    def add(self, key: Any, at: str, value: T) -> None:
        if key not in self or self[key][0] <= at:
            self[key] = at, value

    @property
    def found(self) -> Iterator[T]:
        return (value for _, value in self.values())


class _Known:
    """The crawls' knowledge from the captures and reports read so far."""

    def __init__(self) -> None:
        self._urls = _Newest[UrlState]()
        self._items = _Newest[Mapping[str, Any]]()
        self._healths = _Newest[HealthRecord]()
        self._asked: dict[str, datetime] = {}
        self._begun: list[dict[str, str]] = []  # keys of postponed continuations

    def add_captures(self, stem: Stem, pages: Iterable[Capture]) -> None:
        self._ask(stem.source, stem.crawl)
        # The last of each URL, as a crawl settles them.
        last = {state.url: (page.captured_at, state) for page in pages for state in url_states(page)}
        for captured_at, state in last.values():
            self._urls.add(state.url, instants.utc(captured_at, "microseconds"), self._told(state))

    def _told(self, state: UrlState) -> UrlState:
        """The state as crawls record it: a look without news changes the due time alone."""
        _, known = self._urls.get(state.url, ("", None))
        return replace(known, due=state.due) if known and state.repeats(known) else state

    def add_withdrawal(self, withdrawal: Withdrawal) -> None:
        for state in withdrawal.states:
            self._urls.add(state.url, _FOR_GOOD, state)

    def add_report(self, report: CrawlReport) -> None:
        self._ask(report.source, report.crawl)
        self._begun += (
            [item_keys.postponed(report.source, report.crawl)] if crawl_names.is_continuation(report.crawl) else []
        )
        at, learned = report.finished_at or report.started_at, report.learned
        for state in learned.urls:
            self._urls.add(state.url, at, state)
        for item in learned_items(report):
            self._items.add((item["PK"], item["SK"]), at, item)
        if learned.health:
            self._healths.add(report.source, at, learned.health)

    def write(self, state: CrawlState, now: datetime) -> None:
        for key in self._begun:
            self._items.pop((key["PK"], key["SK"]), None)
        current = (item for item in self._items.found if item.get("expires", now.timestamp()) >= now.timestamp())
        state.restore(self._urls.found, current, self._healths.found)
        state.save_asked(self._asked)

    def _ask(self, source: str, crawl: str) -> None:
        if at := crawl_names.scheduled_at(crawl):
            self._asked[source] = max(at, self._asked.get(source, at))
