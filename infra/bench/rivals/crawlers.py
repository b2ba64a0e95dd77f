"""The compared crawlers, each in a process of its own: ``python -m infra.bench.rivals.crawlers dateline``.

Both obey robots.txt, have the same number of concurrent requests and no delay, and fetch ``/story/0`` to
``/story/<n-1>``. Dateline discovers them in feeds and writes captures; Scrapy gets their URLs, runs with its default
settings otherwise, and drops the pages. Each prints its number of pages.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response

from spiders import settings

CRAWL = "20261020T060000Z-bench"
FEED_ITEMS = 250


def dateline(site: str, pages: int, folder: Path) -> int:
    """A crawl as the crawl function runs it, into a folder; nothing is known of the outlet before."""
    from dateline.messages import CrawlMessage  # noqa: PLC0415 - the start of plain Scrapy must not pay for these
    from dateline.sources.registry import Source  # noqa: PLC0415
    from spiders.runs import runner  # noqa: PLC0415
    from spiders.runs.manual import NoState  # noqa: PLC0415
    from spiders.state.stores import FolderStore  # noqa: PLC0415

    source = Source(
        id="bench",
        path=Path("aq/bench.toml"),
        name="Bench",
        home=f"{site}/",
        country="aq",
        languages=("en",),
        timezone="UTC",
        feeds=tuple(f"{site}/feed/{n}/{min(n + FEED_ITEMS, pages)}" for n in range(0, pages, FEED_ITEMS)),
        delay=0,
    )
    os.environ["DATELINE_ALLOW_HOSTS"] = source.host  # its address is private
    store = FolderStore(folder, source=source.id, crawl=CRAWL)
    message = CrawlMessage(source=source.id, crawl=CRAWL)
    return runner.run(message, source, store=store, state=NoState(), deadline=time.monotonic() + 3600).captured


def plain_scrapy(site: str, pages: int, folder: Path) -> int:  # noqa: ARG001 - it writes nothing
    """Run the smallest spider, without Scrapy's default log line per page, as Dateline has none."""
    equal = ("CONCURRENT_REQUESTS", "CONCURRENT_REQUESTS_PER_DOMAIN")
    own = {"ROBOTSTXT_OBEY": True, "LOG_LEVEL": "INFO"}
    process = CrawlerProcess({name: getattr(settings, name) for name in equal} | own)
    urls = [f"{site}/story/{number}" for number in range(pages)]
    crawler = process.create_crawler(_Minimal)
    process.crawl(crawler, start_urls=urls)
    process.start()
    return int(crawler.stats.get_value("downloader/response_status_count/200", 0)) - 1 if crawler.stats else 0


class _Minimal(scrapy.Spider):
    name = "minimal"

    def parse(self, response: Response, **kwargs: Any) -> Iterator[Any]:  # noqa: ARG002
        return iter(())


CRAWLERS: dict[str, Callable[[str, int, Path], int]] = {"dateline": dateline, "scrapy": plain_scrapy}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.bench.rivals.crawlers")
    parser.add_argument("crawler", choices=CRAWLERS)
    parser.add_argument("site")
    parser.add_argument("pages", type=int)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    print(CRAWLERS[options.crawler](options.site, options.pages, options.folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
