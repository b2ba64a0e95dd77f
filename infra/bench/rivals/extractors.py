"""The compared extractors, each in a process of its own: ``python -m infra.bench.rivals.extractors dateline``.

For each input line, a worker extracts all pages once and prints the number of stories, the CPU seconds, the peak memory
of the extracting process, and the memory of all processes. Dateline extracts in a child process, as its function does;
all processes count.
"""

import argparse
import json
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from infra.bench.inputs.pages import NewsPage, pages

Extract = Callable[[NewsPage], bool]


def dateline() -> Extract:
    """As the extract function calls it."""
    import extract  # noqa: PLC0415 - neither worker must have the other's modules in memory
    from dateline.page import Page  # noqa: PLC0415

    isolated = extract.isolated()
    return lambda page: isolated(Page(url=page.url, body=page.html, timezone="Africa/Tripoli")).article is not None


def trafilatura() -> Extract:
    """Extract as a user of trafilatura would for text and metadata, with defaults otherwise."""
    from trafilatura import bare_extraction  # noqa: PLC0415

    return lambda page: bare_extraction(page.html, url=page.url, with_metadata=True) is not None


EXTRACTORS: dict[str, Callable[[], Extract]] = {"dateline": dateline, "trafilatura": trafilatura}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.bench.rivals.extractors")
    parser.add_argument("extractor", choices=EXTRACTORS)
    parser.add_argument("count", type=int)
    parser.add_argument("--pages", type=Path, metavar="FILE.jsonl.gz")
    options = parser.parse_args(arguments)
    # Kept compressed, so that the peak is the extractor's and not the waiting pages'.
    waiting = [(page.url, zlib.compress(page.html, 1)) for page in pages(options.count, options.pages)]
    extract = EXTRACTORS[options.extractor]()
    for _ in sys.stdin:
        print(json.dumps(_round(extract, waiting)), flush=True)
    return 0


def _round(extract: Extract, waiting: Sequence[tuple[str, bytes]]) -> dict[str, float]:
    stories, cpu = 0, -_childrens_cpu()
    for url, packed in waiting:
        page = NewsPage(url, zlib.decompress(packed))
        started = time.process_time()
        stories += extract(page)
        cpu += time.process_time() - started
    figures = {"cpu_s": cpu + _childrens_cpu(), "peak_kib": max(map(_peak, _processes())), "all_kib": _all_kib()}
    return {"pages": len(waiting), "stories": stories, **figures}


def _processes() -> list[psutil.Process]:
    return [psutil.Process(), *psutil.Process().children(recursive=True)]


def _childrens_cpu() -> float:
    """Return the CPU seconds of this process's children, to a hundredth."""
    used = [child.cpu_times() for child in _processes()[1:]]
    return sum(each.user + each.system + each.children_user + each.children_system for each in used)


def _peak(process: psutil.Process) -> int:
    """Return the peak of resident memory in KiB; Linux only."""
    lines = Path(f"/proc/{process.pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def _all_kib() -> float:
    """Return the processes' memory in KiB, shared pages counted once."""
    return sum(process.memory_full_info().pss for process in _processes()) / 1024


if __name__ == "__main__":
    sys.exit(main())
