"""What Scrapy's redirect middleware leaves open: no Referer, a loop told apart from other refusals, no page twice."""

from typing import Any, Self

from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares import redirect
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response

from spiders.failures import Refusal


class TooManyRedirects(Refusal):
    """The URL led from one redirect to the next until the limit."""

    reason = "redirect-loop"


class BadRedirect(Refusal):
    """The URL led to something that is no address."""

    reason = "bad-redirect"


class RedirectMiddleware(redirect.RedirectMiddleware):
    """Follows redirects without a Referer, and says when there were too many or one that leads nowhere."""

    def process_response(self, request: Request, response: Response, spider: Any = None) -> Request | Response:  # noqa: ARG002
        try:
            return super().process_response(request, response)
        except ValueError as error:
            raise BadRedirect(f"{request.url} sends on to no address: {error}") from error

    def _engine_started(self) -> None:
        """Nothing to look for: there is no Referer middleware."""

    def handle_referer(self, request: Request, response: Response) -> None:
        """Nothing to hand on: no request has a Referer."""

    def _redirect(self, redirected: Request, request: Request, reason: Any) -> Request:
        try:
            return super()._redirect(redirected, request, reason)
        except IgnoreRequest as refusal:
            raise TooManyRedirects(f"{self.max_redirect_times} redirects, then {redirected.url}") from refusal


class Reached(Refusal):
    """Another page's redirect has led to this one since it was asked for, and it is captured."""

    reason = "known"


class ReachedMiddleware:
    """Asks for no page that was captured as the end of another one's redirects."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        found = request.cb_kwargs.get("found")
        collector = getattr(self._crawler.spider, "collector", None)
        if found and collector and "redirect_urls" not in request.meta and collector.reached(found):
            raise Reached(f"{request.url} was captured already")
