"""Crawling to WARC, against plain Scrapy and wget."""

import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import NamedTuple

from infra.bench.result import BenchError, Result, Row, Target, median_ratio

METHOD = (
    "Median of the rounds. Each crawl is a process of its own; CPU is its user and system time, pages a second are by "
    "the clock. The time of a crawl of one page is subtracted, to leave out the start of the process. Dateline and "
    "Scrapy request compressed pages; so does wget with compression, the fair comparison."
)
TARGETS = {
    "scrapy": ("CPU of plain Scrapy, without storing pages", 0.75),
    "wget with compression": ("CPU of wget --warc-file with compression", 1.1),
}
WARM_UP = 20  # pages


class Usage(NamedTuple):
    """Consumption of a process, in seconds."""

    wall: float
    cpu: float


@dataclass(slots=True)
class Subject:
    name: str
    rounds: list[Usage] = field(default_factory=list)  # per page
    starts: list[Usage] = field(default_factory=list)

    def row(self) -> Row:
        figures = {
            "pages_per_s": 1 / median(used.wall for used in self.rounds),
            "cpu_ms_per_page": 1000 * median(used.cpu for used in self.rounds),
            "start_cpu_s": median(used.cpu for used in self.starts),
        }
        return Row(self.name, {name: round(figure, 3) for name, figure in figures.items()})

    @property
    def cpu(self) -> list[float]:
        return [used.cpu for used in self.rounds]


def run(*, count: int, rounds: int, pages: Path | None) -> Result:
    """Crawl ``count`` pages in each round with every installed crawler."""
    result = Result(bench="crawl", method=METHOD)
    subjects = [Subject("dateline"), Subject("scrapy")]
    if shutil.which("wget"):
        subjects += [Subject("wget with compression"), Subject("wget without compression")]
    else:
        result.notes.append("wget is not installed: not compared with it (Debian: apt install wget)")
    with _site(pages) as site, tempfile.TemporaryDirectory(prefix="dateline-bench-") as folder:
        for subject in subjects:
            _crawl(subject.name, site, WARM_UP, Path(folder))
        for number in range(rounds):
            # Each way in turn: nobody always comes first.
            for subject in subjects if number % 2 == 0 else reversed(subjects):
                _measure(subject, site, count, Path(folder))
    result.rows = [subject.row() for subject in subjects]
    ours, *peers = subjects
    for peer in peers:
        if peer.name in TARGETS:
            what, limit = TARGETS[peer.name]
            result.targets.append(Target(what=what, ratio=median_ratio(ours.cpu, peer.cpu), at_most=limit))
    return result


def _measure(subject: Subject, site: str, count: int, folder: Path) -> None:
    start = _crawl(subject.name, site, 1, folder)
    whole = _crawl(subject.name, site, count, folder)
    subject.starts.append(start)
    subject.rounds.append(Usage(*((many - one) / (count - 1) for many, one in zip(whole, start, strict=True))))


def _crawl(name: str, site: str, count: int, parent: Path) -> Usage:
    """Crawl once in a temporary folder. Raises BenchError for missing pages."""
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        command = _command(name, site, count, Path(folder))
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        got = _fetched(name, ended.stdout, Path(folder))
    if ended.returncode or got != count:
        raise BenchError(f"{name} got {got} of {count} pages (exit status {ended.returncode}): {ended.stderr[-2000:]}")
    return Usage(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _command(name: str, site: str, count: int, folder: Path) -> list[str]:
    if not name.startswith("wget"):
        return [sys.executable, "-m", "infra.bench.rivals.crawlers", name, site, f"{count}", f"{folder}"]
    urls = folder / "urls"
    urls.write_text("".join(f"{site}/story/{number}\n" for number in range(count)), "ascii")
    asked = ["--compression=auto"] if name == "wget with compression" else []
    return ["wget", *asked, "--no-verbose", f"--input-file={urls}", "--warc-file=pages", "--directory-prefix=pages"]


def _fetched(name: str, printed: str, folder: Path) -> int:
    if name.startswith("wget"):
        return len(list((folder / "pages").glob("*")))
    return int(printed) if re.fullmatch(r"\d+\n", printed) else 0


@contextmanager
def _site(pages: Path | None) -> Iterator[str]:
    """The outlet's address while its process runs."""
    command = [sys.executable, "-m", "infra.bench.inputs.site", *(["--pages", f"{pages.resolve()}"] if pages else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().strip() if process.stdout else ""
            if not address:
                raise BenchError("the outlet to crawl did not start")
            yield address
        finally:
            process.kill()
