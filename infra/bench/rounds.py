"""Crawling many hosts in one invocation, against one host: pages for each GB-second of a function.

``python -m infra.bench.rounds PORT FIRST HOSTS PAGES FOLDER`` is one invocation, as the crawl function makes it.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import psutil

from infra.bench.inputs.pages import pages as sample_pages
from infra.bench.inputs.site import Site
from infra.bench.result import BenchError, Result, Row, Target

DELAY = 5.0  # seconds between two requests to a host
LOOKS = 44  # pages of each host, beside robots.txt and the feed; enough to fill the memory of open WARC files
SERVING = 0.05  # seconds of an answer, so that two requests at once would be seen
BEFORE, NOW = 1.0, 0.5  # GB of the function: of one host before rounds, and as template.yaml has it
CPU_OF_GB = 1024 / 1769  # processors of a function for each GB, as AWS documents it
METHOD = (
    "One process crawls loopback hosts, each with a delay of 5 s, and writes captures to a folder; another crawls one "
    "host. A GB-second is a second of a function with 0.5 GB (many hosts) or 1 GB (one host, as before rounds); where "
    "the processor share of that memory is too small for the CPU used, it is the CPU time divided by the share. The "
    "server counts the requests at once and the least gap between two requests of each host."
)
CRAWL = "20261020T060000Z-bench"


@dataclass(slots=True)
class Log:
    """The server's log: the times of requests by host, and the most requests at once to one host."""

    times: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    active: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    at_once: int = 0

    def begin(self, host: str) -> None:
        """Note a request."""
        self.times[host].append(time.monotonic())
        self.active[host] += 1
        self.at_once = max(self.at_once, self.active[host])

    def least_gap(self) -> float:
        """Return the least seconds between two requests to one host."""
        return min(later - earlier for times in self.times.values() for earlier, later in pairwise(times))


class _Connection(asyncio.Protocol):
    def __init__(self, site: Site, log: Log) -> None:
        self._site, self._log, self._received = site, log, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a TCP server's is
        self._transport, (self._host, *_) = transport, transport.get_extra_info("sockname")

    def data_received(self, data: bytes) -> None:
        *heads, self._received = (self._received + data).split(b"\r\n\r\n")
        for head in heads:
            self._log.begin(self._host)
            asyncio.get_running_loop().call_later(SERVING, self._answer, head)

    def _answer(self, head: bytes) -> None:
        self._log.active[self._host] -= 1
        self._transport.write(self._site.answer(head))


@dataclass(frozen=True, slots=True)
class Invocation:
    """Consumption of one invocation: seconds, CPU seconds, pages, and its memory (MB) in quarters of its time."""

    wall: float
    cpu: float
    pages: int
    memory: tuple[float, ...]

    def pages_per_gb_second(self, memory: float) -> float:
        """Return the pages for each GB-second of a function with ``memory`` GB."""
        seconds = max(self.wall, self.cpu / (memory * CPU_OF_GB))
        return self.pages / (seconds * memory)

    def row(self, subject: str, memory: float) -> Row:
        figures = {
            "pages": self.pages,
            "wall_s": self.wall,
            "cpu_ms_per_page": 1000 * self.cpu / self.pages,
            "pages_per_gb_s": self.pages_per_gb_second(memory),
            "third_quarter_mb": self.memory[2],
            "last_quarter_mb": self.memory[-1],
        }
        return Row(subject, {name: round(figure, 3) for name, figure in figures.items()})


def run(*, count: int, rounds: int, pages: Path | None) -> Result:  # noqa: ARG001 - one round takes a minute
    """Crawl ``count`` hosts in one invocation, and one host in another at the same time."""
    result = Result(bench="rounds", method=METHOD)
    with _hosts(count + 1, pages) as (port, log), tempfile.TemporaryDirectory(prefix="dateline-bench-") as folder:
        with ThreadPoolExecutor(2) as threads:
            many = threads.submit(_invoke, port, 1, count, Path(folder) / "many")
            one = threads.submit(_invoke, port, count + 1, 1, Path(folder) / "one")
        ours, before = many.result(), one.result()
        at_once, gap = log.at_once, log.least_gap()
    result.rows = [ours.row(f"{count} hosts, {NOW:g} GB", NOW), before.row(f"one host, {BEFORE:g} GB", BEFORE)]
    ratio = ours.pages_per_gb_second(NOW) / before.pages_per_gb_second(BEFORE)
    result.targets = [
        Target(what="pages per GB-second of one host", ratio=ratio, at_least=50),
        Target(what="requests at once to a host (server's log)", ratio=at_once, at_most=1),
        Target(what="delay of 5 s between two requests (server's log)", ratio=gap / DELAY, at_least=0.95),
        Target(what="memory in the third quarter of the time", ratio=ours.memory[3] / ours.memory[2], at_most=1.1),
        Target(what="function's memory", ratio=max(ours.memory) / (1024 * NOW), at_most=1),
    ]
    return result


def _invoke(port: int, first: int, hosts: int, folder: Path) -> Invocation:
    folder.mkdir()
    command = [sys.executable, "-m", "infra.bench.rounds", *map(str, (port, first, hosts, LOOKS, folder))]
    started, memory = time.monotonic(), list[float]()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                memory.append(watched.memory_info().rss / 1e6)
            except psutil.NoSuchProcess:
                break
            time.sleep(0.5)
        printed = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise BenchError(f"the crawl of {hosts} hosts ended with exit status {process.returncode}")
    told = json.loads(printed.splitlines()[-1])
    if told["pages"] != hosts * LOOKS:
        raise BenchError(f"the crawl of {hosts} hosts got {told['pages']} of {hosts * LOOKS} pages")
    began = [size for size in memory if size][int(len(memory) * (1 - told["wall"] / (time.monotonic() - started))) :]
    quarters = tuple(max(began[len(began) * n // 4 : len(began) * (n + 1) // 4]) for n in range(4))
    return Invocation(told["wall"], told["cpu"], told["pages"], quarters)


def _address(number: int) -> str:
    return f"127.1.{number // 250}.{number % 250 + 1}"


@contextmanager
def _hosts(count: int, recorded: Path | None) -> Iterator[tuple[int, Log]]:
    """Serve on so many loopback addresses; give their common port and the log."""
    site, log, loop = Site([page.html for page in sample_pages(50, recorded)]), Log(), asyncio.new_event_loop()

    async def listen() -> int:
        port = 0
        for number in range(1, count + 1):
            server = await loop.create_server(lambda: _Connection(site, log), _address(number), port, backlog=64)
            port = port or server.sockets[0].getsockname()[1]
        return int(port)

    threading.Thread(target=loop.run_forever, daemon=True).start()
    try:
        yield asyncio.run_coroutine_threadsafe(listen(), loop).result(), log
    finally:
        loop.call_soon_threadsafe(loop.stop)


def main() -> None:
    """Crawl in this process, and print the seconds, the CPU seconds and the number of pages."""
    from dateline.messages import CrawlMessage  # noqa: PLC0415 - in the child alone
    from dateline.sources.registry import Source  # noqa: PLC0415
    from spiders.runs import runner  # noqa: PLC0415
    from spiders.runs.manual import NoState  # noqa: PLC0415
    from spiders.state.stores import FolderStore  # noqa: PLC0415

    port, first, hosts, looks = map(int, sys.argv[1:5])
    sites = [f"{_address(number)}:{port}" for number in range(first, first + hosts)]
    os.environ["DATELINE_ALLOW_HOSTS"] = ",".join(sites)
    jobs = [
        runner.Job(
            CrawlMessage(source=f"bench-{number}", crawl=CRAWL),
            Source(
                id=f"bench-{number}",
                path=Path(f"aq/bench-{number}.toml"),
                name="Bench",
                home=f"http://{host}/",
                country="aq",
                languages=("en",),
                timezone="UTC",
                feeds=(f"http://{host}/feed/0/{looks}",),
                delay=DELAY,
            ),
            FolderStore(Path(sys.argv[5]), source=f"bench-{number}", crawl=CRAWL),
        )
        for number, host in enumerate(sites)
    ]
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    ended = runner.run_all(jobs, state=NoState(), deadline=time.monotonic() + 900)
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    for error in (each for each in ended if isinstance(each, BaseException)):
        raise error
    print(json.dumps({"wall": wall, "cpu": cpu, "pages": sum(getattr(each, "captured", 0) for each in ended)}))


if __name__ == "__main__":
    main()
