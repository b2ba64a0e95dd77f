"""Why a URL was not captured, in one short word each; the words are those of the crawl report."""

from scrapy import exceptions

from spiders.middlewares import RobotsRefused, TooManyRedirects
from spiders.wire import DeadlineReached

_REASONS: dict[type[BaseException], str] = {
    RobotsRefused: "robots",
    TooManyRedirects: "redirect-loop",
    DeadlineReached: "deadline",
    exceptions.DownloadTimeoutError: "timeout",
    exceptions.CannotResolveHostError: "dns",
    exceptions.DownloadConnectionRefusedError: "connection",
    exceptions.DownloadFailedError: "connection",
    exceptions.ResponseDataLossError: "incomplete",
    exceptions.DownloadCancelledError: "too-large",  # the size limit is all that cancels a download
    exceptions.UnsupportedURLSchemeError: "scheme",
    OSError: "connection",
}


def reason(error: BaseException) -> str:
    """The word for a failed download; ``error`` where none fits, so that one odd page never stops an outlet."""
    return next((word for kind, word in _REASONS.items() if isinstance(error, kind)), "error")


def detail(error: BaseException) -> str:
    """The error in one line of at most 200 characters, with its kind where its text says little."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:200] if text else type(error).__name__
