"""What Scrapy's redirect middleware leaves open: no Referer, cookies for one chain, loops, and no page twice.

Cookie walls set a cookie and send back to where the reader came from, in front of robots.txt too. So each chain of
redirects has a cookie jar of its own, which ends with the chain: no cookie outlives a URL.
"""

from dataclasses import replace
from typing import Any, Self

from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares import redirect
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.http.cookies import CookieJar

from dateline.urls import requestable
from spiders.download import meta
from spiders.download.meta import Step
from spiders.failures import Refusal

MAX_COOKIES = 16 << 10  # bytes per request; servers reject larger headers


class TooManyRedirects(Refusal):
    """The URL led from one redirect to the next until the limit."""

    reason = "redirects"


class RedirectLoop(TooManyRedirects):
    """The URL's redirects led back to one of them, with nothing new to send."""

    reason = "redirect-loop"


class BadRedirect(Refusal):
    """The redirect target is not a valid URL."""

    reason = "bad-redirect"


class RedirectMiddleware(redirect.RedirectMiddleware):
    """Follows redirects without a Referer, and says when they loop, are too many or lead nowhere."""

    def process_response(self, request: Request, response: Response, spider: Any = None) -> Request | Response:  # noqa: ARG002
        try:
            onward = super().process_response(request, response)
            if isinstance(onward, Request):
                onward = onward.replace(url=requestable(onward.url))
        except ValueError as error:
            raise BadRedirect(f"{request.url} sends on to no address: {error}") from error
        if isinstance(onward, Request):
            _hand_on_cookies(request, response, onward)
            _check_loop(request, onward)
        return onward

    def _engine_started(self) -> None:
        """Nothing to look for: there is no Referer middleware."""

    def handle_referer(self, request: Request, response: Response) -> None:
        """Nothing to hand on: no request has a Referer."""

    def _redirect(self, redirected: Request, request: Request, reason: Any) -> Request:
        try:
            return super()._redirect(redirected, request, reason)
        except IgnoreRequest as refusal:
            before = {hop["url"] for hop in meta.redirects(request)}
            kind = RedirectLoop if redirected.url in before else TooManyRedirects
            raise kind(f"{self.max_redirect_times} redirects, then {redirected.url}") from refusal


def _hand_on_cookies(request: Request, response: Response, onward: Request) -> None:
    """Send the cookies set by the host in this chain with the chain's next request."""
    jar = meta.of(request).cookies or CookieJar()
    jar.extract_cookies(response, request)
    meta.put(onward, replace(meta.of(onward), cookies=jar))
    onward.headers.pop("Cookie", None)
    jar.add_cookie_header(onward)
    if len(onward.headers.get("Cookie") or b"") > MAX_COOKIES:
        del onward.headers["Cookie"]


def _check_loop(request: Request, onward: Request) -> None:
    """Raise RedirectLoop if the chain has requested the same with the same cookies before."""
    steps = meta.of(request).steps or (Step(request.url),)
    step = Step(onward.url, onward.headers.get("Cookie"))
    if step in steps:
        raise RedirectLoop(f"{len(steps)} redirects lead back to {onward.url}")
    meta.put(onward, replace(meta.of(onward), steps=(*steps, step)))


class Reached(Refusal):
    """Another page's redirect has led to this one since it was asked for, and it is captured."""

    reason = "known"


class ReachedMiddleware:
    """Skips pages captured as the end of another one's redirects."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        found = request.cb_kwargs.get("found")
        collector = getattr(self._crawler.spider, "collector", None)
        if found and collector and not meta.redirects(request) and collector.reached(found):
            raise Reached(f"{request.url} was captured already")
