"""The browser for sources whose pages say nothing until their scripts have run (``render = true``).

It is Debian's Chromium where that is installed, else the one that ``playwright install chromium`` brings, and it is
driven by scrapy-playwright (``render``). It is started with no network at all: whatever a page asks for is fetched by
the crawl, which knows what may be connected to, and handed to it.
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
    """How to come by what drives a browser, where it is not installed; empty where it is."""
    return "" if find_spec("scrapy_playwright") else MEND


def settings() -> dict[str, Any]:
    """What Scrapy is told beside ``spiders.settings`` to crawl a source whose pages are rendered."""
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
        # Every request is answered by ``render``; what should ever pass it by is not made.
        "PLAYWRIGHT_ABORT_REQUEST": "spiders.download.browser.refuse",
    }


def refuse(request: object) -> bool:  # noqa: ARG001 (scrapy-playwright asks this of each request)
    """Whether the browser may not make a request by itself: never."""
    return True


def _may_have_sandbox() -> bool:
    """Root's Chromium has none, nor has one in a Lambda function, which is a sandbox as a whole."""
    return os.geteuid() != 0 and "AWS_LAMBDA_FUNCTION_NAME" not in os.environ
