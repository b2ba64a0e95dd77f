"""The reader of listings: section pages, page by page, while they have new stories, or stories of the window.

The source's ``article`` and ``skip`` patterns distinguish stories from other links. Without ``article``, the usual form
of stories' addresses decides (a slug of three words or a long number), or a headline as link text; courlan excludes
addresses of tags, authors, logins, images and the like.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from courlan.filters import is_navigation_page, is_not_crawlable, path_filter, type_filter
from parsel import Selector
from scrapy.http import HtmlResponse

from dateline.sources.registry import Source
from dateline.urls import canonical, same_site
from spiders.discovery.date_range import Period, Window, file_period, period
from spiders.discovery.pagination import address, next_page, section
from spiders.discovery.seed_reader import DiscoveredUrl, Reading, Seed, SeedPage, UnreadableError
from spiders.discovery.teaser import date_beside

NEWS_PAGES, HISTORY_PAGES = 10, 500  # of one section, however many have new stories

# In a site's menus and at its foot, everything is a link and nothing is news.
_LINKS = "//a[@href][not(ancestor::nav or ancestor::footer)]"
_SLUG = re.compile(r"[^\W_]+(?:[-_][^\W_]+){2,}")
_NUMBER = re.compile(r"(?<!\d)\d{4,}(?!\d)")
_HEADLINE = 5  # words; menus have fewer


class ListingReader:
    """The ``listings`` of a source."""

    name = "listing"
    history = True

    def seeds(self, source: Source) -> Sequence[str]:
        return source.listings

    def read(self, source: Source, page: SeedPage, window: Window) -> Reading:
        """Return the stories linked from a page, and the next page."""
        html = HtmlResponse(page.url, headers={"Content-Type": page.content_type}, body=page.body)
        stories = _stories(source, html)
        if not stories:
            raise UnreadableError("the page links to no stories")
        if not window:
            further = _further(source, page, html, NEWS_PAGES)
            return _reading(page, stories, further)
        zone = ZoneInfo(source.timezone)
        days = {url: _days(url, link, zone) or file_period(page.url) for url, link in stories.items()}
        past = _is_past(days.values(), window)
        further = [] if past else _further(source, page, html, HISTORY_PAGES)
        return _reading(page, [url for url, when in days.items() if when and window.has(when)], further)


def _reading(page: SeedPage, stories: Iterable[str], further: Sequence[Seed]) -> Reading:
    """Only a section's front is asked conditionally: what its other pages list moves on with each new story."""
    found = [DiscoveredUrl(url=url, kind=ListingReader.name, seed=page.seed.url) for url in stories]
    return Reading(found=found, further=further, while_new=True, settled=page.seed.depth == 0)


def _days(url: str, link: Selector, zone: ZoneInfo) -> Period | None:
    """The day of a story, or its month where neither its address nor its teaser says more."""
    named = period(url)
    return named if named and named.first == named.last else date_beside(link, zone) or named


def _is_past(days: Collection[Period | None], window: Window) -> bool:
    """Whether a page has come to stories from before the window. UnreadableError: it dates none of its stories."""
    dated = [when for when in days if when]
    if not dated:
        raise UnreadableError(f"none of its {len(days)} stories has a date, so none can be told to be of those days")
    return all(window.is_after(when) for when in dated)


def _further(source: Source, page: SeedPage, html: HtmlResponse, pages: int) -> list[Seed]:
    """The page after this one, if there is one and there have not been too many."""
    older = next_page(html) if page.seed.depth + 1 < pages else None
    return [page.further(older)] if older and _is_of(source, html, older) else []


def _stories(source: Source, html: HtmlResponse) -> dict[str, Selector]:
    """The address of each story that a page links to, with the first link to it."""
    unique: dict[str, tuple[str, Selector]] = {}
    for link in html.xpath(_LINKS):
        if (url := _story(source, html, link)) and (identity := canonical(url)) not in unique:
            unique[identity] = url, link
    return dict(unique.values())


def _story(source: Source, html: HtmlResponse, link: Selector) -> str | None:
    """The link's address, if it is a story's."""
    url = address(html, link.xpath("@href").get(""))
    if not url or not _is_of(source, html, url) or section(url) in (section(html.url), section(source.home)):
        return None
    return url if source.wants(url) and (source.article or _looks_like_story(url, link)) else None


def _is_of(source: Source, html: HtmlResponse, url: str) -> bool:
    return same_site(url, source.home) or same_site(url, html.url)


def _looks_like_story(url: str, link: Selector) -> bool:
    parts = urlsplit(url)
    if is_navigation_page(url) or is_not_crawlable(url) or not type_filter(url, strict=True):
        return False
    if not path_filter(parts.path, parts.query):
        return False
    name = unquote(parts.path.rstrip("/").rpartition("/")[2])
    is_headline = len(" ".join(link.xpath(".//text()").getall()).split()) >= _HEADLINE
    return bool(_SLUG.search(name) or _NUMBER.search(f"{parts.path}?{parts.query}")) or is_headline
