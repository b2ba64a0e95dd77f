"""The browser for sources with pages that need their scripts (``render = true``).

It is Debian's Chromium if installed, else the one of ``playwright install chromium``, driven by scrapy-playwright
(``render``). It starts without any network: the crawl, under its own rules of connection, fetches everything for it.
"""

import os
import shutil
from importlib.util import find_spec
from typing import Any

MEND = (
    "its pages need a browser, which is not installed here: crawl it with --here after "
    "pip install 'dateline[render]' and apt-get install chromium (or playwright install chromium), "
    "or deploy infra/render.yaml"
)
_HANDLER = "spiders.download.render.RenderDownloadHandler"


def missing() -> str:
    """Return how to install missing parts of the browser's driver; empty if complete."""
    return "" if find_spec("scrapy_playwright") else MEND


def settings() -> dict[str, Any]:
    """Return additional Scrapy settings for a source with rendered pages."""
    return {
        "DOWNLOAD_HANDLERS": {"http": _HANDLER, "https": _HANDLER, **dict.fromkeys(("data", "file", "ftp", "s3"))},
        "PLAYWRIGHT_LAUNCH_OPTIONS": {
            "executable_path": shutil.which("chromium"),
            "chromium_sandbox": _may_have_sandbox(),
            "args": [
                "--host-resolver-rules=MAP * ~NOTFOUND",  # names and addresses alike: nothing can be connected to
                "--disable-gpu",
                "--disable-quic",
                "--disable-sync",
            ],
        },
        # ``render`` answers every request; any other one is blocked.
        "PLAYWRIGHT_ABORT_REQUEST": "spiders.download.browser.refuse",
    }


def refuse(request: object) -> bool:  # noqa: ARG001 (scrapy-playwright asks this of each request)
    """Whether the browser may not make a request by itself: never."""
    return True


def _may_have_sandbox() -> bool:
    """Root's Chromium has no sandbox, nor has one in a Lambda function, itself a sandbox."""
    return os.geteuid() != 0 and "AWS_LAMBDA_FUNCTION_NAME" not in os.environ
