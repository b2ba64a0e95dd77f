"""Recorded pages: what an outlet sent once, kept for the tests with the article that extraction must make of it.

A recorded page is a folder, ``tests/sources/<cc>/<source>/<name>/``::

    page.html      the body, its charset as sent; without the encodings of its way, so that it can be read and compared
    page.json      its URL, the instant of its capture, the content type, and what the crawl knew of outlet and story
    article.json   what extraction makes of it: the first test writes that, and is to be believed once it was reviewed
"""

import json
import time
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dateline import keys
from dateline.capture import Capture
from dateline.page import Page
from dateline.sources.registry import Source
from spiders import runner
from spiders.collector import Collector
from spiders.families.family import Found
from spiders.frontier import Frontier
from spiders.manual import NoState
from spiders.stores import FolderStore

SECONDS = 120.0  # for robots.txt and one page, at the outlet's delay

_BODY, _KNOWN = "page.html", "page.json"


class NotFetchedError(Exception):
    """The page could not be had; the message says why, in the words of a crawl's report."""


def fetch(source: Source, url: str) -> Capture:
    """One page of a source, asked for with a crawl's manners."""
    crawl = keys.crawl_name(datetime.now(UTC), "record")
    frontier = Frontier(pages=(Found(url=url, family="record", entrance=""),))
    with TemporaryDirectory() as folder:
        store = FolderStore(Path(folder), source=source.id, crawl=crawl)
        collector = Collector(source, crawl, store=store, state=NoState(), frontier=frontier)
        crawling = runner.crawl(collector, stop_at=time.monotonic() + SECONDS, RETRY_ENABLED=False)
        report = runner.on_reactor(crawling).result()
        for _, captures in store.stored():
            return captures[0]
    failure = next(iter(report.failures), None)
    raise NotFetchedError(f"{failure.reason}: {failure.detail}" if failure else f"no answer in {SECONDS:g} seconds")


def write(folder: Path, page: Page) -> None:
    """Keep a page in a new folder; FileExistsError where there is one."""
    folder.mkdir(parents=True)
    known = {f.name: _plain(getattr(page, f.name)) for f in fields(page) if f.name not in ("body", "source")}
    (folder / _BODY).write_bytes(page.body)
    (folder / _KNOWN).write_text(json.dumps(known, ensure_ascii=False, indent=1) + "\n", "utf-8")


def read(folder: Path) -> Page:
    """The page in a folder, of the source that the folder above is named for."""
    known: dict[str, Any] = json.loads((folder / _KNOWN).read_text("utf-8"))
    instants = {name: datetime.fromisoformat(known[name]) for name in ("captured_at", "feed_date") if known[name]}
    typed = {"languages": tuple(known["languages"]), "source": folder.parent.name, **instants}
    return Page(**known | typed, body=(folder / _BODY).read_bytes())


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
