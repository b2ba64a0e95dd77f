"""Live checks of sources: whether each still answers as its file says.

A probe is a crawl without captures: robots.txt, each seed, the first entry of indexes and home pages, and one story,
which must extract as an article. Seed readers, downloader and conduct are a crawl's, but nothing is retried, so without
a network each source fails at once.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from scrapy import Request

from dateline.article import Outcome
from dateline.capture import Capture
from dateline.extraction import extract
from dateline.extraction.rulebook import Rulebook
from dateline.keys import crawl_names
from dateline.messages import CrawlReport, FeedVisit
from dateline.sources.registry import Source
from spiders.collector import Collector
from spiders.discovery.seed_reader import DiscoveredUrl, Seed, SeedReader
from spiders.runs import runner
from spiders.runs.manual import NoState
from spiders.spider import NewsSpider
from spiders.state.stores import FolderStore

AT_ONCE = 12  # hosts
SECONDS = 120.0  # for one source, at most
MAX_DEPTH = 2  # robots.txt, an index, its first file


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Result of a source's probe: healthy without ``problems``. A source in ``refused`` was not contacted.

    ``stories`` counts the stories in its ``seeds``, ``dated`` those with a date, ``newest`` (aware) is the latest
    date. ``article`` is the title extracted from a story's page.
    """

    source: str
    refused: bool = False
    problems: tuple[str, ...] = ()
    seeds: tuple[FeedVisit, ...] = ()
    stories: int = 0
    dated: int = 0
    newest: datetime | None = None
    article: str | None = None


class ProbingCollector(Collector):
    """Remembers discoveries."""

    found: tuple[DiscoveredUrl, ...] = ()

    async def discover(self, found: Sequence[DiscoveredUrl]) -> list[DiscoveredUrl]:
        self.found = (*self.found, *found)
        return await super().discover(found)


class ProbingSpider(NewsSpider):
    """Requests only the first child of each seed, and no further pages of a section."""

    async def enter(self, reader: SeedReader, seeds: Sequence[Seed]) -> list[Request]:
        first = [seed for seed in seeds if not seed.depth]
        if reader.name != "listing":
            first += [seed for seed in seeds if 0 < seed.depth <= MAX_DEPTH][:1]
        return await super().enter(reader, first)


def probe_all(sources: Sequence[Source]) -> Iterator[Probe]:
    """Probe sources, those of one host one after the other and ``AT_ONCE`` hosts at once; each as it is done."""
    slots = asyncio.Semaphore(AT_ONCE)
    hosts = groupby(sorted(sources, key=lambda source: (source.host, source.id)), key=lambda source: source.host)
    probing = [runner.on_reactor(_probe_host([*group], slots)) for _, group in hosts]
    for done in as_completed(probing):
        yield from done.result()


async def _probe_host(sources: Sequence[Source], slots: asyncio.Semaphore) -> list[Probe]:
    async with slots:
        return [await _probe(source) for source in sources]


async def _probe(source: Source) -> Probe:
    if source.access == "refused":
        return Probe(source=source.id, refused=True)
    crawl = crawl_names.crawl_name(datetime.now(UTC), "check")
    with TemporaryDirectory() as folder:
        store = FolderStore(Path(folder), source=source.id, crawl=crawl)
        collector = ProbingCollector(source, crawl, store=store, state=NoState(), limit=1)
        stop_at = time.monotonic() + SECONDS
        report = await runner.crawl(collector, stop_at=stop_at, spider=ProbingSpider, RETRY_ENABLED=False)
        pages = [page for _, captures in store.stored() for page in captures]
    title, problems = await asyncio.to_thread(_article, source, pages)
    return _probed(source, report, collector.found, title, problems)


def _probed(
    source: Source, report: CrawlReport, found: Sequence[DiscoveredUrl], title: str | None, problems: Sequence[str]
) -> Probe:
    dates = [date for item in found if (date := item.date or item.lastmod)]
    return Probe(
        source=source.id,
        problems=(*_problems(report, found, dates), *problems),
        seeds=tuple(report.feeds),
        stories=len(found),
        dated=len(dates),
        newest=max(dates, default=None),
        article=title,
    )


def _problems(report: CrawlReport, found: Sequence[DiscoveredUrl], dates: Sequence[datetime]) -> Iterator[str]:
    yield from (f"{visit.url}: {visit.error}" for visit in report.feeds if visit.error)
    yield from (f"{failure.url}: {failure.reason}: {failure.detail}" for failure in report.failures)
    if not found and not any(visit.error for visit in report.feeds):
        yield "no stories were found"
    if not dates and any(item.kind == "feed" for item in found):
        yield "no item of its feeds has a date"


def _article(source: Source, pages: Sequence[Capture]) -> tuple[str | None, list[str]]:
    """Return the title of the fetched article, and its problems or the reason for none."""
    for page in pages:
        extraction = extract(page.page(), Rulebook({source.id: source.extract}))
        if extraction.outcome is Outcome.ARCHIVED and extraction.article:
            missed = [f"{page.url}: the rule for {field} finds nothing" for field in extraction.rules_missed]
            return extraction.article.title, missed
        return None, [f"{page.url}: {extraction.outcome}: {extraction.reason}"]
    return None, []
