"""Settings of every spider: polite, under our own name, with only the needed parts of Scrapy.

Scrapy reads the capitalised names; a source's own settings (``delay``, ``languages``) come on top, from ``spider``.
"""

from dateline.settings import Settings
from dateline.version import __version__
from spiders.middlewares import order


def user_agent(contact: str) -> str:
    """Return the User-Agent; ``contact`` may be empty."""
    return f"Dateline/{__version__} ({f'+{contact}; ' if contact else ''}archive of regional news)"


BOT_NAME = "dateline"
USER_AGENT = user_agent(Settings.from_environment().contact)
SPIDER_LOADER_CLASS = "spiders.runs.loader.SourceSpiderLoader"

# Politeness: robots.txt (``robots``), one request at a time and the host's whole delay between two (``throttle``).
CONCURRENT_REQUESTS = 4  # hosts at once; of each host one (``scheduler``)
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY_JITTER = 0
COOKIES_ENABLED = False  # but within a chain of redirects (``middlewares.redirects``)

# Limits beyond every news page, so that a broken or hostile server costs little.
DOWNLOAD_TIMEOUT = 60  # seconds per URL, with its redirects and retries
DOWNLOAD_MAXSIZE = 10 << 20  # bytes of a body as received
DOWNLOAD_WARNSIZE = 0
REDIRECT_MAX_TIMES = 20  # as browsers have it
# Without 429: a server asking for fewer requests is left alone until the next crawl.
RETRY_HTTP_CODES = [408, 500, 502, 503, 504, 522, 524]
RETRY_EXCEPTIONS = [
    "scrapy.exceptions.CannotResolveHostError",
    "scrapy.exceptions.DownloadConnectionRefusedError",
    "scrapy.exceptions.DownloadFailedError",
    "scrapy.exceptions.DownloadTimeoutError",
    "scrapy.exceptions.ResponseDataLossError",
]
RETRY_GIVE_UP_LOG_LEVEL = "INFO"  # the crawl's report has it

# Bodies stay as received: nothing but a feed or robots.txt is ever decompressed, and those by ``capture.inflate``.
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Encoding": "gzip",
}
DOWNLOAD_HANDLERS = {
    "http": "spiders.download.handler.WireDownloadHandler",
    "https": "spiders.download.handler.WireDownloadHandler",
    **dict.fromkeys(("data", "file", "ftp", "s3")),
}

# In the order of ``middlewares.order``.
DOWNLOADER_MIDDLEWARES_BASE: dict[str, int] = {}
DOWNLOADER_MIDDLEWARES = order.numbered(order.DOWNLOADER)
SPIDER_MIDDLEWARES_BASE = order.numbered(order.SPIDER)
EXTENSIONS_BASE: dict[str, int] = {}
CONCURRENT_ITEMS = 1  # there is no item pipeline, and Scrapy starts so many workers for every response
SCHEDULER = (
    "spiders.runs.scheduler.HostScheduler"  # without a filter: the collector knows the canonical URLs it has seen
)

STATS_CLASS = "scrapy.statscollectors.DummyStatsCollector"  # the collector counts, for its report
LOG_LEVEL = "INFO"
