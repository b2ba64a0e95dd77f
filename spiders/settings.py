"""How every spider crawls: politely, under its own name, and with only the parts of Scrapy that a news page needs.

Scrapy reads the names in capitals; what a source says itself (``delay``, ``languages``) comes on top, from ``base``.
"""

from dateline import __version__

BOT_NAME = "dateline"
USER_AGENT = f"Dateline/{__version__} (+https://github.com/dateline-archive/dateline; archive of regional news)"
SPIDER_LOADER_CLASS = "spiders.loader.SourceSpiderLoader"

# Politeness: robots.txt (``robots``), one request at a time and the host's whole delay between two (``throttle``).
CONCURRENT_REQUESTS = 1  # a second one that waits its turn would be asked for though the first redirects to it
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY_JITTER = 0
COOKIES_ENABLED = False

# Limits: what no news page reaches, so that a broken or hostile server costs little.
DOWNLOAD_TIMEOUT = 60  # seconds that a URL may take in all, with its redirects and second tries
DOWNLOAD_MAXSIZE = 10 << 20  # bytes of a body as received
DOWNLOAD_WARNSIZE = 0
REDIRECT_MAX_TIMES = 5
# 429 is not among them: a server that asks for less is left alone until the next crawl.
RETRY_HTTP_CODES = [408, 500, 502, 503, 504, 522, 524]
RETRY_GIVE_UP_LOG_LEVEL = "INFO"  # the crawl's report has it

# Bodies stay as received: nothing but a feed or robots.txt is ever decompressed, and those by ``capture.inflate``.
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Encoding": "gzip",
}
DOWNLOAD_HANDLERS = {
    "http": "spiders.wire.WireDownloadHandler",
    "https": "spiders.wire.WireDownloadHandler",
    **dict.fromkeys(("data", "file", "ftp", "s3")),
}

_MIDDLEWARE = "scrapy.downloadermiddlewares"
DOWNLOADER_MIDDLEWARES = {
    f"{_MIDDLEWARE}.offsite.OffsiteMiddleware": None,
    f"{_MIDDLEWARE}.robotstxt.RobotsTxtMiddleware": None,
    "spiders.middlewares.ReachedMiddleware": 50,
    "spiders.optouts.OptOutMiddleware": 60,
    "spiders.robots.RobotsMiddleware": 100,
    f"{_MIDDLEWARE}.httpauth.HttpAuthMiddleware": None,
    f"{_MIDDLEWARE}.downloadtimeout.DownloadTimeoutMiddleware": None,  # the handler's, which knows the deadline
    f"{_MIDDLEWARE}.redirect.MetaRefreshMiddleware": None,
    f"{_MIDDLEWARE}.httpcompression.HttpCompressionMiddleware": None,
    f"{_MIDDLEWARE}.redirect.RedirectMiddleware": None,
    "spiders.middlewares.RedirectMiddleware": 600,
    "spiders.throttle.ThrottleMiddleware": 900,
    f"{_MIDDLEWARE}.cookies.CookiesMiddleware": None,
    f"{_MIDDLEWARE}.stats.DownloaderStats": None,
    f"{_MIDDLEWARE}.httpcache.HttpCacheMiddleware": None,
}
SPIDER_MIDDLEWARES = dict.fromkeys(
    (
        "scrapy.spidermiddlewares.start.StartSpiderMiddleware",
        "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware",  # the spider looks at every status itself
        "scrapy.spidermiddlewares.referer.RefererMiddleware",
        "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware",
        "scrapy.spidermiddlewares.depth.DepthMiddleware",
        "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware",
    )
)
SCHEDULER_MEMORY_QUEUE = "scrapy.squeues.FifoMemoryQueue"  # in the feed's order: the newest first
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"  # the collector knows what was seen, by canonical URL

_EXTENSION = "scrapy.extensions"
EXTENSIONS = dict.fromkeys(
    (
        f"{_EXTENSION}.corestats.CoreStats",
        f"{_EXTENSION}.logcount.LogCount",
        f"{_EXTENSION}.telnet.TelnetConsole",
        f"{_EXTENSION}.memusage.MemoryUsage",
        f"{_EXTENSION}.memdebug.MemoryDebugger",
        f"{_EXTENSION}.closespider.CloseSpider",
        f"{_EXTENSION}.feedexport.FeedExporter",
        f"{_EXTENSION}.logstats.LogStats",
        f"{_EXTENSION}.spiderstate.SpiderState",
        f"{_EXTENSION}.throttle.AutoThrottle",
        f"{_EXTENSION}.remote_control.RemoteControl",
    )
)
STATS_DUMP = False
LOG_LEVEL = "INFO"
