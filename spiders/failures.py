"""Reasons of failed URLs: one short word each, as in the crawl report.

======================  ================================================================================================
``address``             the address is private, or not a web address; no connection was made
``bad-redirect``        the redirect target is not a valid URL
``certificate``         the TLS certificate does not verify; ``detail`` has the reason
``certificate-chain``   the server does not send its certificate's issuers, and they cannot be had from their address
``connection``          the connection was refused, or closed before a response
``dead-end``            redirects end where those of many stories end: a login, a captcha (``dead_ends``)
``deadline``            the crawl ran out of time
``dns``                 the host has no address
``http-<status>``       HTTP error
``incomplete``          the response ended early
``opt-out``             the page forbids archiving
``parked``            the crawl killed its function twice; the source is left alone for hours
``redirect-loop``       redirects lead back to one of them
``redirects``           more redirects than browsers follow
``refused``             the source is registered with ``access = "refused"``
``render``              the browser failed, or there is none
``retry-after``         the host asked for a longer pause than the crawl could wait
``robots``              robots.txt forbids it
``robots-unreachable``  robots.txt is unreachable, and there is no recent copy
``scheme``              neither http nor https
``timeout``             the time limit of a URL was exceeded, even by a slow response
``tls``                 no TLS with the host; ``detail`` has the server's alert
``too-large``           headers or body exceed the limit
``error``               anything else; see ``detail``
======================  ================================================================================================
"""

from scrapy import exceptions


class Refusal(exceptions.IgnoreRequest):
    """Dateline's own refusal of a request or a response; each class has the word of its reason."""

    reason = "error"


class TlsFailed(exceptions.DownloadFailedError):
    """No TLS connection, for another reason than the certificate."""


_REASONS: dict[type[BaseException], str] = {
    exceptions.DownloadTimeoutError: "timeout",
    exceptions.CannotResolveHostError: "dns",
    exceptions.DownloadConnectionRefusedError: "connection",
    TlsFailed: "tls",
    exceptions.DownloadFailedError: "connection",
    exceptions.ResponseDataLossError: "incomplete",
    exceptions.DownloadCancelledError: "too-large",  # only the size limit cancels downloads
    exceptions.UnsupportedURLSchemeError: "scheme",
    OSError: "connection",
}


DOWNLOAD_ERRORS = tuple(_REASONS)  # errors of failed downloads


def reason(error: BaseException) -> str:
    """Return the word for a failed download; ``error`` for unknown ones, so that one odd page never stops an outlet."""
    if isinstance(error, Refusal):
        return error.reason
    return next((word for kind, word in _REASONS.items() if isinstance(error, kind)), "error")


def detail(error: BaseException) -> str:
    """Return the error in one line of at most 200 characters, with its class if the text is short."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:200] if text else type(error).__name__
