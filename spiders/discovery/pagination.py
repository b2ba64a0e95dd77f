"""The page after this one of a section, as the page itself links to it."""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

from scrapy.http import HtmlResponse
from scrapy.utils.response import get_base_url

from dateline.urls import in_charset, joined

# rel=next (HTML, "Link type next"), in whatever company.
_NEXT = "//*[self::a or self::link][contains(concat(' ', normalize-space(@rel), ' '), ' next ')]/@href"
_PATH = re.compile(r"/(?:page|seite|sayfa|p)[/-]?(\d{1,4})/?$", re.IGNORECASE)
_PARAMETERS = {"page", "p", "paged", "pg", "pagenum", "pageno", "sayfa"}


def next_page(html: HtmlResponse) -> str | None:
    """Return the page marked as next, else the one with the next number in its address."""
    if (stated := html.xpath(_NEXT).get()) and (url := address(html, stated)):
        return url
    here, number = _numbered(html.url)
    others: dict[int, str] = {}
    for url in filter(None, (address(html, href) for href in html.xpath("//a/@href").getall())):
        base, other = _numbered(url)
        if base == here and other is not None and other > (number or 0):
            others.setdefault(other, url)
    return others[min(others)] if others else None


def address(html: HtmlResponse, link: str) -> str | None:
    """Return a web page's link as absolute URL without fragment, or None for others.

    The page's ``<base>`` counts, and its charset for queries.
    """
    url = joined(get_base_url(html), link)
    return in_charset(url.partition("#")[0], html.encoding) if url else None


def section(url: str) -> str:
    """The address without the number of its page: all pages of a section share it."""
    return _numbered(url)[0]


def _numbered(url: str) -> tuple[str, int | None]:
    """The section's address and the page's number; the first page often has none."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    stated = [value for name, value in pairs if name.lower() in _PARAMETERS and re.fullmatch(r"\d{1,4}", value)]
    numbered = _PATH.search(parts.path)
    path = parts.path[: numbered.start()] if numbered else parts.path
    rest = urlencode([(name, value) for name, value in pairs if value not in stated or name.lower() not in _PARAMETERS])
    number = int(numbered[1]) if numbered else int(stated[0]) if stated else None
    return f"{parts.netloc.lower()}{path.rstrip('/')}?{rest}", number
