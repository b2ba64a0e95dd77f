"""The order of the middlewares, stated here alone.

A request passes the downloader's from first to last, up to the handler (``download.handler``); its response passes them
from last to first. So policy comes before anything that costs the outlet a request, and the throttle comes last, since
redirects, retries and robots.txt itself pass it too. Scrapy's own lists would be imported whole, and each entry
switched off by name; the spider looks at every status itself, and no page leads to further pages, so there is no spider
middleware.
"""

_SCRAPY = "scrapy.downloadermiddlewares"

DOWNLOADER = (
    "spiders.middlewares.redirects.ReachedMiddleware",  # no request for a page captured meanwhile
    "spiders.middlewares.optouts.OptOutMiddleware",  # reads the last response of a chain of redirects
    "spiders.middlewares.robots.RobotsMiddleware",  # before each request, redirected ones included
    f"{_SCRAPY}.defaultheaders.DefaultHeadersMiddleware",
    f"{_SCRAPY}.useragent.UserAgentMiddleware",
    f"{_SCRAPY}.retry.RetryMiddleware",  # after redirects: a 503 at the end of a chain is retried from there
    "spiders.middlewares.redirects.RedirectMiddleware",
    f"{_SCRAPY}.httpproxy.HttpProxyMiddleware",
    "spiders.middlewares.throttle.ThrottleMiddleware",  # sets the slot and pace of the final host
)
SPIDER: tuple[str, ...] = ()


def numbered(names: tuple[str, ...]) -> dict[str, int]:
    """Return Scrapy's form of an order, with the positions as numbers."""
    return {name: position for position, name in enumerate(names)}
