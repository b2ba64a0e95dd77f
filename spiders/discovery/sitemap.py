"""The reader of sitemaps: sitemaps.org's index, XML and text files, and Google's news sitemaps with titles and dates.

An index is read for files changed since the last crawl, a file for unknown stories and those with a ``lastmod`` later
than their capture. News crawls read the newest files and the newest stories of each; older ones belong to history
crawls, which read only files of their window. ``<outlet>/robots.txt`` as a sitemap stands for the sitemaps named in it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from dateline.sources.registry import Source
from dateline.urls import same_site
from spiders.discovery.date_range import Period, Window, file_period
from spiders.discovery.seed_reader import DiscoveredUrl, Reading, SeedPage, UnreadableError
from spiders.discovery.sitemap_file import MAX_ENTRIES, Entry, parse
from spiders.middlewares import robots_txt

MAX_DEPTH = 3  # robots.txt, an index, a nested index, its files
NEWEST_FILES, NEWEST_STORIES = 50, 1000  # read by a news crawl, of an index and of a file


class SitemapReader:
    """The ``sitemaps`` of a source."""

    name = "sitemap"
    history = True

    def seeds(self, source: Source) -> Sequence[str]:
        return source.sitemaps

    def read(self, source: Source, page: SeedPage, window: Window) -> Reading:
        """The files of an index, or the stories of a file."""
        if urlsplit(page.url).path == "/robots.txt":
            named = [Entry(url=url) for url in robots_txt.sitemaps(page.body, page.url)]
            return _index(source, page, window, named)
        is_index, entries = parse(page.body, page.url, ZoneInfo(source.timezone))
        return (_index if is_index else _stories)(source, page, window, entries)


def _index(source: Source, page: SeedPage, window: Window, entries: Sequence[Entry]) -> Reading:
    if page.seed.depth == MAX_DEPTH:
        raise UnreadableError(f"indexes name indexes, {MAX_DEPTH} deep")
    files = [entry for entry in entries if _is_of(source, page, entry.url) and entry.url != page.url]
    if not files:
        raise UnreadableError("it names no sitemaps of this outlet")
    if window:
        files = [file for file in files if _may_hold(file, window)]
    else:
        files = sorted(files, key=_recency, reverse=True)[:NEWEST_FILES]
    further = [page.further(file.url, file.lastmod_raw) for file in files]
    # Files without a date in the index are requested each time, so the index must be read each time.
    return Reading(further=further, settled=all(file.lastmod_raw for file in files))


def _may_hold(file: Entry, window: Window) -> bool:
    """Whether a file may have stories of the window: its name says so, or it changed after the window began."""
    if named := file_period(file.url):
        return window.has(named)
    return not (file.lastmod and window.is_after(Period.at(file.lastmod)))


def _recency(file: Entry) -> float:
    """Sort key with the newest file last; unknown ones come first."""
    named = file_period(file.url)
    last = file.lastmod or (datetime(*named.last.timetuple()[:3], tzinfo=UTC) if named else None)
    return last.timestamp() if last else 0.0


def _stories(source: Source, page: SeedPage, window: Window, entries: Sequence[Entry]) -> Reading:
    wanted = [entry for entry in entries if _is_of(source, page, entry.url) and source.wants(entry.url)]
    stories = _unstamped(wanted)
    chosen = _of(window, stories, file_period(page.url)) if window else _newest(stories)
    unique: dict[str, DiscoveredUrl] = {}
    for entry in chosen:
        found = _found(page, entry)
        unique.setdefault(found.identity, found)
    note = f"it has {MAX_ENTRIES} entries or more, and no more are read" if len(entries) == MAX_ENTRIES else None
    return Reading(found=list(unique.values()), note=note)


def _newest(stories: Sequence[Entry]) -> list[Entry]:
    """The newest dated stories, and all without a date: any of these may be new."""
    dated = {entry.url: instant for entry in stories if (instant := entry.published_at or entry.lastmod)}
    newest = sorted(
        (entry for entry in stories if entry.url in dated), key=lambda entry: dated[entry.url], reverse=True
    )
    return newest[:NEWEST_STORIES] + [entry for entry in stories if entry.url not in dated]


def _of(window: Window, stories: Sequence[Entry], file: Period | None) -> list[Entry]:
    """Yield the stories of a window. Undated ones belong to the file's period, if its name has one."""
    dated = [(entry, days) for entry in stories if (days := entry.period or file)]
    if stories and not dated:
        raise UnreadableError(f"none of its {len(stories)} stories has a date, so none can be told to be of those days")
    return [entry for entry, days in dated if window.has(days)]


def _unstamped(stories: list[Entry]) -> list[Entry]:
    """Drop a ``lastmod`` shared by most stories: it is the file's date."""
    (lastmod, times), *_ = Counter(entry.lastmod for entry in stories).most_common(1) or [(None, 0)]
    if lastmod is None or times <= max(10, len(stories) / 2):
        return stories
    return [replace(entry, lastmod=None) if entry.lastmod == lastmod else entry for entry in stories]


def _found(page: SeedPage, entry: Entry) -> DiscoveredUrl:
    return DiscoveredUrl(
        url=entry.url,
        kind=SitemapReader.name,
        seed=page.seed.url,
        title=entry.title,
        date=entry.published_at,
        date_raw=entry.published_raw,
        lastmod=entry.lastmod,
    )


def _is_of(source: Source, page: SeedPage, url: str) -> bool:
    """Whether the URL is a page of the outlet; a sitemap speaks for no other (sitemaps.org, "location")."""
    return same_site(url, source.home) or same_site(url, page.url)
