"""curl, for what it does with the same servers."""

import shutil
import subprocess
from typing import NamedTuple

import pytest

CURL = shutil.which("curl")
needs_curl = pytest.mark.skipif(CURL is None, reason="needs curl")


class Fetched(NamedTuple):
    """``exit`` is curl's: 0 done, 35 no TLS, 47 too many redirects, 52 no answer, 56 reset, 60 not verified."""

    exit: int
    status: int


def curl(url: str, *options: str) -> Fetched:
    """Fetch a URL as ``curl --location`` does, with cookies, as many redirects as browsers follow and a time limit."""
    limits = ("--location", "--max-redirs", "20", "--max-time", "20", "--cookie", "", "--noproxy", "*")
    command = [str(CURL), "--silent", *limits, "--output", "/dev/null", "--write-out", "%{http_code}", *options, url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return Fetched(done.returncode, int(done.stdout))
