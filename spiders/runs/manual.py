"""Manual crawls with ``scrapy crawl <source>``.

With ``DATELINE_CAPTURE_BUCKET``, captures go to the deployed bucket; known URLs need ``DATELINE_TABLE`` and
``DATELINE_ARCHIVE_BUCKET`` as well. Otherwise captures go to ``.dateline/here/`` under the same keys, and every crawl
starts without knowledge.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType

import boto3

from dateline.aws.deployment import Deployment
from dateline.keys import crawl_names
from dateline.messages import CrawlReport
from dateline.monitoring.counter_writes import Counters
from dateline.settings import Settings
from dateline.sources.registry import Source
from dateline.state.crawl_state import CrawlState, State
from dateline.state.records import FeedState, Habit, HealthRecord, RobotsState, UrlState
from spiders.collector import Collector
from spiders.state.stores import BucketStore, FolderStore, Store

FOLDER = Path(".dateline/here")


class NoState:
    """Knows nothing and keeps nothing."""

    def urls(self, urls: Iterable[str]) -> dict[str, UrlState]:  # noqa: ARG002
        return {}

    def revisits(self, source: str, at: datetime, limit: int) -> list[UrlState]:  # noqa: ARG002
        return []

    def habit(self, source: str, day: date) -> Habit:  # noqa: ARG002
        return Habit()

    def health(self, sources: Iterable[str]) -> dict[str, HealthRecord]:  # noqa: ARG002
        return {}

    def feeds(self, source: str, urls: Iterable[str]) -> dict[str, FeedState]:  # noqa: ARG002
        return {}

    def robots(self, host: str) -> RobotsState | None:  # noqa: ARG002
        return None

    def held(self, host: str) -> datetime | None:  # noqa: ARG002
        return None

    def settle(
        self,
        report: CrawlReport,
        visited: Callable[[], Iterable[UrlState]],
        known: Mapping[str, UrlState] = MappingProxyType({}),
    ) -> None:
        """Nowhere to keep it."""


def collector(source: Source) -> Collector:
    """Return a collector for one manual crawl, as the environment says."""
    settings = Settings.from_environment()
    crawl = crawl_names.crawl_name(datetime.now(UTC), "hand")
    return Collector(source, crawl, store=_store(settings, source.id, crawl), state=_state(settings))


def count(report: CrawlReport) -> None:
    """Count a manual crawl among its day's, if the environment names a table."""
    if table := Settings.from_environment().table:
        Counters(boto3.resource("dynamodb").Table(table)).add_crawl(report)


def _store(settings: Settings, source: str, crawl: str) -> Store:
    if settings.capture_bucket:
        return BucketStore(boto3.client("s3"), settings.capture_bucket, source=source, crawl=crawl)
    return FolderStore(FOLDER, source=source, crawl=crawl)


def _state(settings: Settings) -> State:
    known = settings.table and settings.archive_bucket
    return CrawlState(Deployment.of_settings(settings)) if known else NoState()
