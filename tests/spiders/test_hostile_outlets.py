"""The hostile outlets: their good pages are all captured, and each bad case has the outcome that is its own."""

import io
import socket
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from scrapy import Request

from dateline import capture
from dateline.extraction import extract
from dateline.keys.object_keys import Stem
from dateline.messages import CrawlReport
from dateline.sources import registry
from infra.newsroom import Newsroom, hostile, serve
from infra.newsroom.hostile import HostileSite
from spiders.discovery.seed_reader import DiscoveredUrl
from spiders.download import meta
from spiders.download.meta import Meta
from spiders.spider import NewsSpider
from spiders.state.frontier import Frontier
from tests.support.outlet import CRAWL, Shelf, crawl

SITES = hostile.sites()
SLOW, SECONDS = "/body/slow", 2  # the one page that is to take too long, and its time on any machine
GETADDRINFO = socket.getaddrinfo
NAMES = {"metadata.sample-hostile.example": "169.254.169.254"}  # and no others


class Crawled(NamedTuple):
    base: str
    report: CrawlReport
    shelf: Shelf

    def stories(self) -> dict[str, str]:
        """What became of each story, by its path."""
        left = [page for data in self.shelf.frontiers for page in Frontier.from_bytes(data).pages]
        outcomes = {self._path(failure.url): failure.reason for failure in self.report.failures}
        outcomes |= {self._path(page.url): "left" for page in left}
        return outcomes | {self._path(url): outcome for url, outcome in self._extracted()}

    def ways(self) -> dict[str, str]:
        """What was wrong with each feed and sitemap, by its path."""
        return {self._path(visit.url): visit.error or "" for visit in self.report.feeds}

    def _extracted(self) -> Iterator[tuple[str, str]]:
        stored = capture.serialise(self.shelf.pages, Stem("sample-hostile", CRAWL, 0).capture)
        for page in capture.read(io.BytesIO(stored)):
            yield page.url, "quarantined" if page.damage else extract(page.page()).outcome.value

    def _path(self, url: str) -> str:
        return url.removeprefix(self.base)


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    with serve(tmp_path_factory.mktemp("newsroom"), hostile=True) as running:
        yield running


def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
    """Resolves NAMES and addresses, and nothing else."""
    if str(host).endswith(".example") and host not in NAMES:
        raise socket.gaierror(socket.EAI_NONAME, f"{host} has no address")
    return GETADDRINFO(NAMES.get(host, host), *arguments, **options)


def hasty(spider: NewsSpider, found: DiscoveredUrl, page_request: Any = NewsSpider._page_request) -> Request:
    request: Request = page_request(spider, found)
    if found.url.endswith(SLOW):
        meta.put(request, Meta(seconds_left=SECONDS))
    return request


@pytest.fixture(scope="module")
def crawled(newsroom: Newsroom) -> Mapping[str, Crawled]:
    """Every hostile outlet, crawled."""
    sources = registry.load(newsroom.sources)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", getaddrinfo)
        patched.setattr(NewsSpider, "_page_request", hasty)
        patched.setenv("DATELINE_ALLOW_HOSTS", ",".join(url.removeprefix("http://") for url in newsroom.urls.values()))
        return {
            site.id: Crawled(newsroom.urls[site.id], crawl(sources[site.id], shelf := Shelf()), shelf) for site in SITES
        }


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.id)
def test_stories_have_outcomes(crawled: Mapping[str, Crawled], site: HostileSite) -> None:
    """Each story has its own outcome."""
    assert crawled[site.id].stories() == {case.path: case.outcome for case in site.stories}


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.id)
def test_seeds_have_outcomes(crawled: Mapping[str, Crawled], site: HostileSite) -> None:
    """Each feed and sitemap has its own outcome."""
    errors = crawled[site.id].ways()
    expected = {"/feed.xml": site.shut, **{case.path: case.outcome for case in site.ways}}
    assert {path: error for path, error in expected.items() if error not in errors[path]} == {}
    assert {path for path, error in errors.items() if error} >= {path for path, error in expected.items() if error}


def test_there_are_many_cases() -> None:
    assert sum(len(site.stories) + len(site.ways) for site in SITES) >= 40
