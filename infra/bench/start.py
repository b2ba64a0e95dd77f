"""Start of the commands: CPU time of ``dateline --help`` and of one page, against the imports of their libraries."""

import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from infra.bench.inputs.pages import pages as news_pages
from infra.bench.result import BenchError, Result, Row, Target, median_ratio

METHOD = (
    "Median of the rounds, in which all take turns. Time is CPU of a process of its own and of its children, the start "
    "of Python included. The libraries are imported and nothing else is done. trafilatura of one page is its own "
    "command with metadata, for the same page."
)
_PAGE = "page.html"
_COMMAND = (sys.executable, "-m", "dateline")
_TRAFILATURA = (sys.executable, "-c", "from trafilatura.cli import main; main()")
_SUBJECTS: Mapping[str, Sequence[str]] = {
    "dateline --help": (*_COMMAND, "--help"),
    "typer and rich": (sys.executable, "-c", "import typer, rich.console"),
    "dateline extract of one page": (*_COMMAND, "extract", _PAGE, "--url", "https://news.example/page"),
    "trafilatura": (sys.executable, "-c", "import trafilatura"),
    "trafilatura of one page": (*_TRAFILATURA, "--json", "--with-metadata"),
}
# Times the import of the libraries for the work, and the same work.
_AT_MOST = {
    ("dateline --help", "typer and rich"): 1.3,
    ("dateline extract of one page", "trafilatura"): 1.3,
    ("dateline extract of one page", "trafilatura of one page"): 2.0,
}


def run(*, count: int, rounds: int, pages: Path | None) -> Result:  # noqa: ARG001 - as all benches have them
    """Start each subject once a round. Raises BenchError if one fails."""
    seconds: dict[str, list[float]] = {name: [] for name in _SUBJECTS}
    with TemporaryDirectory() as folder:
        page = Path(folder, _PAGE)
        page.write_bytes(next(news_pages(1, pages)).html)
        for _ in range(rounds):
            for name, command in _SUBJECTS.items():
                seconds[name].append(_cpu(command, page))
    return Result(
        bench="start",
        method=METHOD,
        rows=[Row(name, {"cpu_s": round(median(each), 3)}) for name, each in seconds.items()],
        targets=[
            Target(what=f"CPU of {peer}, for {ours}", ratio=median_ratio(seconds[ours], seconds[peer]), at_most=most)
            for (ours, peer), most in _AT_MOST.items()
        ],
    )


def _cpu(command: Sequence[str], page: Path) -> float:
    """Return the seconds of a command beside a page, with the page as its standard input."""
    before = _children()
    with page.open("rb") as html:
        done = subprocess.run(command, capture_output=True, check=False, stdin=html, cwd=page.parent)
    if done.returncode:
        raise BenchError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return _children() - before


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
