"""Why a URL was not captured, in one short word each; the words are those of the crawl report.

======================  ================================================================================================
``address``             it led to an address that is not public, or to no web address; nothing was connected to
``bad-redirect``        it led to something that is no address
``certificate``         the host's certificate does not verify, and why
``connection``          the connection was refused, or ended before there was an answer
``deadline``            the crawl's time was up
``dns``                 its host has no address
``http-<status>``       the server answered so
``incomplete``          the answer ended before its end
``opt-out``             the page asks not to be archived
``redirect-loop``       its redirects led back to one of them
``redirects``           it led through more redirects than browsers follow
``refused``             the outlet refuses automated access, says its source
``render``              a browser could make nothing of the page, or there is none here
``retry-after``         its host asked to be left alone for longer than the crawl could wait
``robots``              robots.txt forbids it
``robots-unreachable``  robots.txt cannot be had for now, and there is no recent copy
``scheme``              neither http nor https
``timeout``             it took longer than a URL may, however much of the answer had come
``too-large``           its headers or its body went on beyond the limit
``error``               anything else; ``detail`` has it
======================  ================================================================================================
"""

from scrapy import exceptions


class Refusal(exceptions.IgnoreRequest):
    """Dateline's own no to a request, or to what came back; each kind has the word that is its reason."""

    reason = "error"


_REASONS: dict[type[BaseException], str] = {
    exceptions.DownloadTimeoutError: "timeout",
    exceptions.CannotResolveHostError: "dns",
    exceptions.DownloadConnectionRefusedError: "connection",
    exceptions.DownloadFailedError: "connection",
    exceptions.ResponseDataLossError: "incomplete",
    exceptions.DownloadCancelledError: "too-large",  # the size limit is all that cancels a download
    exceptions.UnsupportedURLSchemeError: "scheme",
    OSError: "connection",
}


DOWNLOAD_ERRORS = tuple(_REASONS)  # what a download that did not succeed raises


def reason(error: BaseException) -> str:
    """The word for a failed download; ``error`` where none fits, so that one odd page never stops an outlet."""
    if isinstance(error, Refusal):
        return error.reason
    return next((word for kind, word in _REASONS.items() if isinstance(error, kind)), "error")


def detail(error: BaseException) -> str:
    """The error in one line of at most 200 characters, with its kind where its text says little."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:200] if text else type(error).__name__
