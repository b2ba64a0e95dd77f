"""What Scrapy's robots and redirect middlewares leave open: failures told apart, and robots.txt by RFC 9309."""

from typing import Any
from urllib.parse import urlsplit

from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares import redirect, robotstxt
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.utils.misc import build_from_crawler
from twisted.internet.defer import Deferred

from dateline.capture import inflate

_DISALLOW = b"User-agent: *\nDisallow: /\n"
MAX_ROBOTS = 512 << 10  # bytes read of a robots.txt; RFC 9309 section 2.5 asks for at least 500 KiB


class RobotsRefused(IgnoreRequest):
    """robots.txt forbids the URL, or could not be had, which says the same (RFC 9309 section 2.3.1.4)."""


class TooManyRedirects(IgnoreRequest):
    """The URL led from one redirect to the next until the limit."""


class RobotsMiddleware(robotstxt.RobotsTxtMiddleware):
    """Obeys robots.txt: absent (4xx) allows everything, unreachable or broken (5xx) nothing."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._missing: dict[str, str] = {}  # why a host's robots.txt could not be had

    async def process_request(self, request: Request, spider: Any = None) -> None:  # noqa: ARG002 (Scrapy's signature)
        try:
            await super().process_request(request)
        except IgnoreRequest as refusal:
            raise RobotsRefused(self._missing.get(urlsplit(request.url).netloc, str(refusal))) from refusal

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        text = rules(response)
        if text is _DISALLOW:
            self._missing[netloc] = f"robots.txt answered {response.status}"
        await super()._parse_robots(response.replace(body=text), netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        self._missing[netloc] = f"robots.txt could not be had: {type(exc).__name__}: {exc}"
        parser = build_from_crawler(self._parserimpl, self.crawler, _DISALLOW)
        waiting, self._parsers[netloc] = self._parsers[netloc], parser
        if isinstance(waiting, Deferred):
            waiting.callback(parser)


def rules(response: Response) -> bytes:
    """The text of the rules that a robots.txt response stands for (RFC 9309 section 2.3.1)."""
    if response.status >= 500 or response.status == 429:
        return _DISALLOW
    if response.status != 200:
        return b""
    return decoded(response, MAX_ROBOTS)[0]


def decoded(response: Response, limit: int) -> tuple[bytes, str | None]:
    """The body without its content encoding, at most ``limit`` bytes of it, and what is wrong with the rest.

    Some servers compress unasked or say so wrongly, so the bytes decide, not the header.
    """
    compressed = response.body[:2] == b"\x1f\x8b" or b"deflate" in (response.headers.get("Content-Encoding") or b"")
    if compressed:
        return inflate(response.body, limit)
    damage = f"the body is longer than {limit} bytes" if len(response.body) > limit else None
    return response.body[:limit], damage


class RedirectMiddleware(redirect.RedirectMiddleware):
    """Follows redirects without a Referer, and says when there were too many."""

    def _engine_started(self) -> None:
        """Nothing to look for: there is no Referer middleware."""

    def handle_referer(self, request: Request, response: Response) -> None:
        """Nothing to hand on: no request has a Referer."""

    def _redirect(self, redirected: Request, request: Request, reason: Any) -> Request:
        try:
            return super()._redirect(redirected, request, reason)
        except IgnoreRequest as refusal:
            raise TooManyRedirects(f"{self.max_redirect_times} redirects, then {redirected.url}") from refusal
