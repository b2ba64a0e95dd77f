"""Extraction against trafilatura with metadata: speed, memory, and time of imports."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from infra.bench.result import BenchError, Result, Row, Target, median_ratio

METHOD = (
    "Median of the rounds. Each extractor is a process of its own and they take turns, round by round; time is CPU, "
    "child processes included, so pages a second are those of one core. Peak is the largest resident size of one "
    "process, all what its processes have together. Import is the total of python -X importtime, of the function's "
    "module and of trafilatura. Ready is by the clock on one core, from the start of Python until a page can be "
    "extracted: the function as Lambda begins it, clients and all, and the import of trafilatura alone."
)
MODULES = {"dateline": "extract", "trafilatura": "trafilatura"}
READY = {"dateline": "import extract; extract.warm()", "trafilatura": "import trafilatura"}
FUNCTIONS = Path(__file__).parents[2] / "functions"
# What the function's clients are made of; none of them is used.
_AWS = os.environ | {"AWS_DEFAULT_REGION": "us-east-1", "DATELINE_TABLE": "index"}


@dataclass(slots=True)
class Subject:
    name: str
    worker: "subprocess.Popen[str]"
    pages: int = 0
    stories: int = 0
    cpu: list[float] = field(default_factory=list)  # seconds, of a round
    imports: list[float] = field(default_factory=list)  # milliseconds
    ready: list[float] = field(default_factory=list)  # milliseconds
    peak: float = 0.0  # KiB, of the extracting process
    everything: float = 0.0  # KiB, of all processes after a round

    def extract(self) -> dict[str, float]:
        """Have the worker do one round."""
        if not (self.worker.stdin and self.worker.stdout):
            raise BenchError(f"the worker of {self.name} has no pipes")
        self.worker.stdin.write("\n")
        self.worker.stdin.flush()
        answer = self.worker.stdout.readline()
        if not answer:
            raise BenchError(f"the worker of {self.name} ended")
        done: dict[str, float] = json.loads(answer)
        return done

    def measure(self) -> None:
        done = self.extract()
        self.pages, self.stories = int(done["pages"]), int(done["stories"])
        self.cpu.append(done["cpu_s"])
        self.peak, self.everything = done["peak_kib"], done["all_kib"]
        self.imports.append(import_ms(MODULES[self.name]))
        self.ready.append(ready_ms(READY[self.name]))

    def row(self) -> Row:
        figures = {
            "pages_per_s_per_core": self.pages / median(self.cpu),
            "cpu_ms_per_page": 1000 * median(self.cpu) / self.pages,
            "peak_mib": self.peak / 1024,
            "all_mib": self.everything / 1024,
            "import_ms": median(self.imports),
            "ready_ms": median(self.ready),
        }
        counts = {"pages": self.pages, "stories": self.stories}
        return Row(self.name, {name: round(figure, 2) for name, figure in figures.items()} | counts)


def run(*, count: int, rounds: int, pages: Path | None) -> Result:
    """Extract at most ``count`` pages in each of the rounds, and once before the first."""
    with _worker("dateline", count, pages) as one, _worker("trafilatura", count, pages) as other:
        ours, theirs = Subject("dateline", one), Subject("trafilatura", other)
        for subject in (ours, theirs):
            subject.extract()
            import_ms(MODULES[subject.name])
            ready_ms(READY[subject.name])
        for number in range(rounds):
            for subject in (ours, theirs) if number % 2 == 0 else (theirs, ours):
                subject.measure()
    return Result(bench="extract", method=METHOD, rows=[ours.row(), theirs.row()], targets=_targets(ours, theirs))


def _targets(ours: Subject, theirs: Subject) -> list[Target]:
    imports = median_ratio(ours.imports, theirs.imports)
    return [
        Target(what="speed of trafilatura with metadata", ratio=median_ratio(theirs.cpu, ours.cpu), at_least=0.9),
        Target(what="peak memory of trafilatura", ratio=ours.peak / theirs.peak, at_most=1.3),
        Target(what="time to import trafilatura", ratio=imports, at_most=1.25),
    ]


def import_ms(module: str) -> float:
    """Return the import time of a module in a fresh interpreter, in milliseconds."""
    command = [sys.executable, "-X", "importtime", "-c", f"import {module}"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, cwd=FUNCTIONS)
    # The last line is the module's own: "import time: <self, us> | <cumulative, us> | <name>".
    _, cumulative, _ = ended.stderr.splitlines()[-1].split("|")
    return int(cumulative) / 1000


def ready_ms(code: str) -> float:
    """How long a fresh interpreter takes until it has run some code, in milliseconds by the clock, on one core."""
    begun = time.monotonic()
    core = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})"
    command = [sys.executable, "-c", f"{core}; {code}; print(flush=True)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=FUNCTIONS, env=_AWS) as process:
        if not (process.stdout and process.stdout.readline()):
            raise BenchError(f"{code} failed")
        ready = time.monotonic() - begun
        process.kill()
    return 1000 * ready


@contextmanager
def _worker(extractor: str, count: int, pages: Path | None) -> "Iterator[subprocess.Popen[str]]":
    recorded = ["--pages", f"{pages}"] if pages else []
    command = [sys.executable, "-m", "infra.bench.rivals.extractors", extractor, f"{count}", *recorded]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()
