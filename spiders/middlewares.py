"""What Scrapy's redirect middleware leaves open: no Referer, and a loop told apart from other refusals."""

from typing import Any

from scrapy.downloadermiddlewares import redirect
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response

from spiders.failures import Refusal


class TooManyRedirects(Refusal):
    """The URL led from one redirect to the next until the limit."""

    reason = "redirect-loop"


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
