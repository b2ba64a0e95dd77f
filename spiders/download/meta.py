"""State of a request between the middlewares and the download handler: the one user of Scrapy's ``request.meta``.

Dateline's own part is a frozen ``Meta``, replaced as a whole. Scrapy copies it to the next request of a redirect or a
retry. Keys of Scrapy's own middlewares have a function here each.
"""

from dataclasses import dataclass
from typing import Any

from scrapy.http import Request, Response
from scrapy.http.cookies import CookieJar

from spiders.download.pace import Pace
from spiders.download.wire import Wire, WireError

_KEY = "dateline"


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a chain of redirects; ``cookie`` is its header."""

    url: str
    cookie: bytes | None = None


@dataclass(frozen=True, slots=True)
class Meta:
    """What is known of a request so far.

    ``robots_txt`` marks the fetch of a robots.txt, and ``max_body`` (bytes) truncates its body. ``crawl_delay``,
    ``seconds_left`` (of the URL, with its redirects and retries; None before the first download) and ``latency`` (of
    the response) are seconds. ``cookies`` and ``steps`` belong to one chain of redirects.
    """

    robots_txt: bool = False
    max_body: int | None = None
    crawl_delay: float = 0.0
    pace: Pace | None = None
    seconds_left: float | None = None
    latency: float = 0.0
    wire: Wire | None = None
    cookies: CookieJar | None = None
    steps: tuple[Step, ...] = ()


def of(request: Request) -> Meta:
    found = request.meta.get(_KEY)
    return found if isinstance(found, Meta) else Meta()


def put(request: Request, meta: Meta) -> None:
    request.meta[_KEY] = meta


def pace(request: Request) -> Pace:
    """Return the pace of the request's host. Raises RuntimeError before the throttle middleware has set it."""
    if (found := of(request).pace) is None:
        raise RuntimeError(f"{request.url} was not throttled: see the order in spiders.middlewares.order")
    return found


def wire(request: Request) -> Wire:
    """Return the request's exchange. Raises WireError if its bytes were not kept."""
    found = of(request).wire
    if found is None or not found.response:
        raise WireError(f"{request.url} was downloaded, but its bytes were not kept")
    return found


def request_of(response: Response) -> Request:
    """Return the request of a response. Raises WireError if something else made the response."""
    if response.request is None:
        raise WireError(f"{response.url} came without its request")
    return response.request


def join_slot(request: Request, host: str) -> None:
    """Queue the request with its host's others; set each time, because redirects keep the previous host's."""
    request.meta["download_slot"] = host


def end_retries(request: Request) -> None:
    request.meta["dont_retry"] = True


def proxy(request: Request) -> str:
    """Return the URL of the request's proxy, or an empty string."""
    return request.meta.get("proxy") or ""


def redirects(request: Request) -> list[dict[str, Any]]:
    """Return the URLs that led to a request, and the status of each redirect."""
    hops = zip(request.meta.get("redirect_urls", ()), request.meta.get("redirect_reasons", ()), strict=True)
    return [{"url": url, "status": status} for url, status in hops]
