"""Render story pages in a browser with no network except through the crawl.

The page itself is fetched like every other page: its bytes are the evidence, under robots.txt, pace, limits, redirects
and opt-outs. The browser gets this response instead of the URL, runs the scripts, and the resulting document is stored
beside (``Wire.rendered``).

Scripts and data (XHR, fetch) of the same registered domain are fetched for the page, one at a time, by the same
handler: from public addresses only, within limits of size, time and number, without cookies, GET only. Everything else
is refused: other sites, images, media, fonts, frames, sockets, and navigation. Stylesheets are answered empty, because
some scripts wait for them. A script is fetched once per crawl. robots.txt applies to the page, not to its subresources.

A page with a failed rendering is not captured: without its words it is no evidence. Its reason is ``render``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from courlan import extract_domain
from playwright.async_api import Error as BrowserError
from playwright.async_api import Page, Route
from playwright.async_api import Request as Asked
from playwright.async_api import TimeoutError as BrowserTimeout
from scrapy.http import Request, Response
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from dateline import instants
from dateline.capture import MAX_BODY
from dateline.sources.registry import Source
from dateline.urls import same_site
from spiders import failures
from spiders.download import meta
from spiders.download.decoding import decoded
from spiders.download.handler import WireDownloadHandler
from spiders.download.meta import Meta
from spiders.failures import Refusal
from spiders.middlewares import optouts

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

PATIENCE = 45.0  # seconds for rendering a page
QUIET = 10.0  # seconds to wait for its scripts to go quiet; some ask for news for ever
SUB_REQUEST = 15.0  # seconds for one response to a script
MAX_REQUESTS = 60  # of one page's scripts
MAX_SCRIPTS, MAX_SCRIPT = 100, 1 << 20  # scripts kept during a crawl, and bytes of each

_FETCHED = frozenset({"script", "xhr", "fetch"})  # Playwright's resource types
_FRAMING = frozenset({"connection", "content-encoding", "content-length", "set-cookie", "transfer-encoding"})
_OWN = ("User-Agent", "Accept-Encoding", "Accept-Language")  # the crawl's, whatever the browser would say
_KEPT_BACK = frozenset({*(name.lower() for name in _OWN), "connection", "content-length", "cookie", "host", "referer"})


_UNHAD: tuple[type[BaseException], ...] = (Refusal, *failures.DOWNLOAD_ERRORS)


class RenderFailed(Refusal):
    """The browser could not be started, or made nothing of the page."""

    reason = "render"


@dataclass  # without slots: Playwright sets an attribute on the owner of a callback
class _Answers:
    """Responses for a page during its rendering: itself first, then those for its scripts."""

    page: Response
    fetch: Callable[[Asked], Awaitable[Response]]
    navigated: bool = False
    asked: int = 0

    async def install(self, page: Page, _: Request) -> None:
        await page.route("**/*", self.answer)

    async def answer(self, route: Route, asked: Asked) -> None:
        with suppress(BrowserError):  # the page was closed meanwhile
            if asked.is_navigation_request():
                await self._navigate(route)
            elif asked.resource_type == "stylesheet":
                await route.fulfill(status=200, content_type="text/css", body="")
            elif self._may_have(asked):
                await self._give(route, asked)
            else:
                await route.abort()

    async def _navigate(self, route: Route) -> None:
        first, self.navigated = not self.navigated, True
        # Any other code would put an error page in the place of this one.
        await (_fulfil(route, self.page) if first else route.abort("aborted"))

    def _may_have(self, asked: Asked) -> bool:
        if asked.resource_type not in _FETCHED:
            return False
        self.asked += 1
        return asked.method == "GET" and self.asked <= MAX_REQUESTS and _related(asked.url, self.page.url)

    async def _give(self, route: Route, asked: Asked) -> None:
        try:
            response = await self.fetch(asked)
        except _UNHAD:
            await route.abort()
        else:
            await _fulfil(route, response)


class RenderDownloadHandler(WireDownloadHandler):
    """The handler of ``handler``, with a browser for story pages in HTML."""

    def __init__(self, crawler: "Crawler") -> None:
        super().__init__(crawler)
        self._browser: Any = None
        self._starting, self._turn = asyncio.Lock(), asyncio.Lock()
        self._scripts: dict[str, Response] = {}

    async def download_request(self, request: Request) -> Response:
        response = await super().download_request(request)
        html = b"html" in (response.headers.get("Content-Type") or b"").lower()
        if "found" in request.cb_kwargs and response.status == 200 and html:
            optouts.check(response)
            wire = meta.wire(request)
            async with meta.pace(request).turn:  # the page's scripts ask the host now, and nobody else
                document = await self._render(request, response)
            rendered = {"browser": f"chromium/{self._browser.browser.version}", "at": instants.utc(datetime.now(UTC))}
            notes = {**wire.notes, "rendered": rendered}
            wire = replace(wire, rendered=document, notes=notes)
            meta.put(request, replace(meta.of(request), wire=wire))
        return response

    async def close(self) -> None:
        await super().close()
        if self._browser:
            await self._browser.close()

    async def _render(self, request: Request, response: Response) -> bytes:
        """The document after its scripts ran, in UTF-8; RenderFailed says why there is none."""
        answers = _Answers(response, lambda asked: self._fetch(asked, request))
        visit = Request(response.url, meta=self._visit(request, answers))
        try:
            async with asyncio.timeout(min(PATIENCE, self._remaining())):
                browser = await self._started()
                await browser.download_request(visit)
                document = await _document(visit.meta["playwright_page"])
        except (TimeoutError, BrowserError) as error:
            raise RenderFailed(failures.detail(error)) from error
        finally:
            if page := visit.meta.get("playwright_page"):
                await page.context.close()
        if len(document) > MAX_BODY:
            raise RenderFailed(f"the rendered document is longer than {MAX_BODY} bytes")
        return document

    def _visit(self, request: Request, answers: _Answers) -> dict[str, Any]:
        """How scrapy-playwright is to open a page: in a context of its own, as in the outlet's country."""
        source: Source = getattr(self._crawler.spider, "source")  # noqa: B009 (only our spiders have one)
        return {
            "playwright": True,
            "playwright_include_page": True,  # closed here, also when it takes too long
            "playwright_context": request.url,
            "playwright_context_kwargs": {
                "user_agent": (request.headers.get("User-Agent") or b"").decode(),
                "locale": source.languages[0],
                "timezone_id": source.timezone,
                "service_workers": "block",
                "accept_downloads": False,
            },
            "playwright_page_init_callback": answers.install,
            # Only until the response is taken: a later navigation by a script is not a failure.
            "playwright_page_goto_kwargs": {"wait_until": "commit", "timeout": PATIENCE * 1000},
        }

    async def _started(self) -> Any:
        """Return the browser's handler; its driver starts with the first page, since most crawls find nothing new."""
        async with self._starting:
            if self._browser is None:
                browser = ScrapyPlaywrightDownloadHandler(self._crawler)
                await browser._launch()
                self._browser = browser
            return self._browser

    async def _fetch(self, asked: Asked, page: Request) -> Response:
        """Fetch a script's request."""
        async with self._turn:
            if asked.url in self._scripts:
                return self._scripts[asked.url]
            headers = {name: page.headers.get(name) for name in _OWN} | _passed_on(await asked.all_headers())
            request = Request(asked.url, headers=headers)
            meta.put(request, Meta(seconds_left=SUB_REQUEST))
            response = await self._timed(request)
            if asked.resource_type == "script" and response.status == 200 and len(response.body) <= MAX_SCRIPT:
                self._keep(asked.url, response)
            return response

    def _keep(self, url: str, script: Response) -> None:
        if len(self._scripts) < MAX_SCRIPTS:
            self._scripts[url] = script


async def _document(page: Page) -> bytes:
    """The page's document when nothing has been asked for half a second, or it will not be quiet."""
    with suppress(BrowserTimeout):
        await page.wait_for_load_state("networkidle", timeout=QUIET * 1000)
    content: str = await page.content()
    return content.encode()


async def _fulfil(route: Route, response: Response) -> None:
    headers = {
        name.decode("latin-1"): b", ".join(values).decode("latin-1")
        for name, values in response.headers.items()
        if name.decode("latin-1").lower() not in _FRAMING
    }
    await route.fulfill(status=response.status, headers=headers, body=decoded(response, MAX_BODY)[0])


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a script's request to send to the server."""
    return {name: value for name, value in headers.items() if not (name in _KEPT_BACK or name.startswith("sec-"))}


def _related(url: str, page: str) -> bool:
    """Whether a URL is of the page's site, or of another host of its registered domain."""
    domain = extract_domain(page)
    return same_site(url, page) or bool(domain and extract_domain(url) == domain)
