"""The extractors that are compared, each in a process of its own: ``python -m infra.bench.extractors dateline``.

For each line that it reads, a worker extracts all pages once and prints how many of them had a story, the seconds of
CPU that took, and the process's peak memory so far.
"""

import argparse
import json
import resource
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from infra.bench.pages import NewsPage, pages

Extract = Callable[[NewsPage], bool]


def dateline() -> Extract:
    """As the extract function calls it."""
    from dateline.extraction import extract  # noqa: PLC0415 - neither worker must have the other's modules in memory
    from dateline.page import Page  # noqa: PLC0415

    return lambda page: extract(Page(url=page.url, body=page.html, timezone="Africa/Tripoli")).article is not None


def trafilatura() -> Extract:
    """As a user calls it who wants text and metadata; all else is its default."""
    from trafilatura import bare_extraction  # noqa: PLC0415

    return lambda page: bare_extraction(page.html, url=page.url, with_metadata=True) is not None


EXTRACTORS: dict[str, Callable[[], Extract]] = {"dateline": dateline, "trafilatura": trafilatura}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.bench.extractors")
    parser.add_argument("extractor", choices=EXTRACTORS)
    parser.add_argument("count", type=int)
    parser.add_argument("--pages", type=Path, metavar="FILE.jsonl.gz")
    options = parser.parse_args(arguments)
    # Kept compressed, so that the peak is the extractor's and not that of the pages waiting their turn.
    waiting = [(page.url, zlib.compress(page.html, 1)) for page in pages(options.count, options.pages)]
    extract = EXTRACTORS[options.extractor]()
    for _ in sys.stdin:
        print(json.dumps(_round(extract, waiting)), flush=True)
    return 0


def _round(extract: Extract, waiting: Sequence[tuple[str, bytes]]) -> dict[str, float]:
    stories, cpu = 0, 0.0
    for url, packed in waiting:
        page = NewsPage(url, zlib.decompress(packed))
        started = time.process_time()
        stories += extract(page)
        cpu += time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB on Linux
    return {"pages": len(waiting), "stories": stories, "cpu_s": cpu, "peak_kib": peak}


if __name__ == "__main__":
    sys.exit(main())
