"""Isolation: what a page does to its extraction is that page's alone."""

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NoReturn
from unittest.mock import Mock

import psutil
import pytest

from dateline import extraction_worker
from dateline.article import Extraction, Outcome
from dateline.extraction import extract
from dateline.extraction_worker import LEAST, Isolated, LoadError, OutOfTimeError
from dateline.page import Page
from dateline.settings import Settings
from tests.support import samples
from tests.support.checkout import until
from tests.support.samples import Newsroom

SECONDS, MEMORY = 30, 256  # what a sound page never needs, however busy the machine
GATHERED: list[bytes] = []
STALLED = multiprocessing.RawValue("i", 0)  # shared with the children


def poisoned(page: Page) -> Extraction:
    """Extraction with four bugs in it, each set off by a page; the stand-in reads ``title|text``."""
    match page.body.split(b"|")[0]:
        case b"hang":
            while True:
                time.sleep(1)
        case b"wait":
            time.sleep(0.6)
        case b"once":  # as on a machine that is busy with something else
            if not STALLED.value:
                STALLED.value = 1
                time.sleep(60)
        case b"regex":
            re.match(r"(a+)+$", "a" * 64 + "b")  # holds the interpreter's lock for longer than anybody lives
        case b"crash":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"memory":
            GATHERED.append(bytes(MEMORY << 22))  # four times what it may have
        case b"large":
            return extract(Page(url=page.url, body=b"<p>" + b"x" * 50_000_000))
        case b"grow":
            GATHERED.append(b"x" * (70 << 20))
        case b"bug":
            raise LookupError("no such thing")
    return samples.extract(page)


@pytest.fixture
def isolated() -> Iterator[Isolated]:
    isolated = Isolated(lambda: poisoned, seconds=SECONDS, memory=MEMORY)
    yield isolated
    isolated.close()


def page(body: str) -> Page:
    return Page(url="http://news.example.org/a", body=body.encode())


@pytest.mark.parametrize(
    ("poison", "seconds", "reason"),
    [
        ("hang", 0.1, "took more than 0.8 seconds by the clock"),
        ("regex", 0.3, "took more than 0.3 seconds"),
        ("crash", SECONDS, "died: SIGKILL"),
        ("large", SECONDS, "more than 20000000"),
        ("bug", SECONDS, "died: LookupError: no such thing"),
    ],
)
def test_a_page_costs_itself_alone(isolated: Isolated, poison: str, seconds: float, reason: str) -> None:
    isolated._seconds = seconds
    found = isolated(page(f"{poison}|"))
    isolated._seconds = SECONDS
    assert (found.outcome, found.article) == (Outcome.QUARANTINED, None)
    assert reason in str(found.reason)
    assert isolated(page("Title|Words.")) == samples.extract(page("Title|Words."))


def test_stalled_page_is_retried(isolated: Isolated) -> None:
    """A page that failed for lack of time alone is tried again before it is quarantined."""
    STALLED.value = 0
    isolated._seconds = 0.1
    assert isolated(page("once|Words.")).outcome is Outcome.ARCHIVED
    assert STALLED.value == 1


def test_waiting_is_no_time(isolated: Isolated) -> None:
    """A page is charged for the CPU time of its child, not for the time that a busy machine takes."""
    isolated._seconds = 0.2
    started = time.monotonic()
    assert isolated(page("wait|Words.")).outcome is Outcome.ARCHIVED
    assert time.monotonic() - started > 2 * isolated._seconds


def test_memory_has_a_limit() -> None:
    isolated = Isolated(lambda: poisoned, seconds=60, memory=MEMORY)
    found = isolated(page("memory|"))
    isolated.close()
    assert (found.outcome, found.reason) == (Outcome.QUARANTINED, "extraction died: MemoryError: ")


def test_idle_death_costs_nothing(isolated: Isolated) -> None:
    """A child that dies between two pages costs none."""
    assert isolated(page("Title|Words.")).article
    psutil.Process(isolated.ready().pid).kill()
    assert isolated(page("Title|Words.")).article


def test_dead_server_is_replaced(isolated: Isolated) -> None:
    """A server that dies is followed by another."""
    assert isolated(page("Title|Words.")).article
    child, server = psutil.Process(isolated.ready().pid), isolated.start()
    server._process.kill()
    server._process.join()
    assert isolated(page("Title|Words.")).article  # by the child, which does not need it
    child.kill()
    assert isolated(page("Title|Words.")).article


def test_hung_child_is_killed(isolated: Isolated) -> None:
    """A hung child is killed whoever its server was."""
    child, server = psutil.Process(isolated.ready().pid), isolated.start()
    server._process.kill()
    server._process.join()
    isolated._seconds = 0.3
    assert isolated(page("regex|")).outcome is Outcome.QUARANTINED
    isolated._seconds = SECONDS
    until(lambda: is_over(child), LEAST / 2)  # it would end by itself a little later
    assert isolated(page("Title|Words.")).article


def is_over(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def broken() -> NoReturn:
    raise ValueError("a rule selects nothing that there is")


def test_load_error_quarantines_nothing() -> None:
    """What cannot be loaded is told and puts no page aside."""
    isolated = Isolated(broken, seconds=SECONDS, memory=MEMORY)
    with pytest.raises(LoadError, match="ValueError: a rule selects"):
        isolated(page("Title|Words."))
    with pytest.raises(LoadError, match="exit status 3"):
        Isolated(lambda: os._exit(3), seconds=SECONDS, memory=MEMORY).ready()


def test_gathered_memory_costs_nothing(isolated: Isolated) -> None:
    """What a child has gathered costs no page."""
    pages = [page(f"grow|Words {number}.") for number in range(8)]
    assert [isolated(each).outcome for each in pages] == [Outcome.ARCHIVED] * len(pages)


def test_slow_pages_share_time(isolated: Isolated, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow pages get less time each as their function ends."""
    clock = Mock(monotonic=Mock(return_value=1000.0))
    monkeypatch.setattr(extraction_worker, "time", clock)
    isolated._seconds = 4
    isolated.begin(300)
    assert isolated._slow_until == 1075
    isolated._again_until = 0.0  # no time for another try
    reasons = []
    for now in (1072.6, 1073.8):
        clock.monotonic.return_value = now
        reasons.append(isolated(page("regex|")).reason)
    assert reasons == [f"extraction took more than {seconds} seconds" for seconds in ("1.2", "1")]


@pytest.mark.parametrize(
    ("left", "outcome", "tries"),
    [(75, Outcome.ARCHIVED, 2), (6, Outcome.ARCHIVED, 2), (1, Outcome.QUARANTINED, 1), (-9, Outcome.QUARANTINED, 1)],
)
def test_short_time_is_retried(
    isolated: Isolated, monkeypatch: pytest.MonkeyPatch, left: float, outcome: Outcome, tries: int
) -> None:
    """A page that fails with less than its whole time gets the rest of it, as far as the function's time allows."""
    clock = Mock(monotonic=Mock(return_value=1000.0))
    monkeypatch.setattr(extraction_worker, "time", clock)
    isolated._seconds = 30
    isolated.begin(300)
    clock.monotonic.return_value = 1150 - left
    isolated._slow_until = 0.0  # used up by other pages: one second is left for this one
    asked = list[float]()
    monkeypatch.setattr(extraction_worker._Child, "extract", slow_page(asked, needs=3))
    found = isolated(page("A|Words."))
    assert (found.outcome, len(asked)) == (outcome, tries)
    assert asked == [1, min(30, left)][:tries]


def slow_page(asked: list[float], needs: float) -> Callable[..., Extraction]:
    """Stands in for a child: the page needs so many CPU seconds; ``asked`` gets the limits."""

    def extract(child: Any, page: Page, seconds: float, _: float) -> Extraction:
        asked.append(seconds)
        if seconds < needs:
            child.end()
            raise extraction_worker.TooSlowError(f"extraction took more than {seconds} seconds")
        return samples.extract(page)

    return extract


def test_out_of_time_is_redelivered(aws: Any, isolated: Isolated) -> None:
    """A capture that there is no time for is left to the next delivery."""
    newsroom = Newsroom(aws)
    key = newsroom.capture(("a", "Title|Words."))
    isolated.begin(10)
    with pytest.raises(OutOfTimeError):
        newsroom.archive(extract=isolated).add(key)
    assert newsroom.objects() == {}
    isolated.begin(300)
    assert len(newsroom.archive(extract=isolated).add(key)) == 1


ORPHAN = """
import os
from dateline.extraction_worker import Isolated, OutOfTimeError
from dateline.page import Page

def hang(page):
    print(os.getpid(), flush=True)
    while True:
        pass

Isolated(lambda: hang, seconds=0.5, memory=256)(Page(url="http://news.example.org/a", body=b""))
"""


def test_orphaned_processes_end() -> None:
    """Processes whose function was killed end by themselves."""
    with subprocess.Popen([sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, text=True) as function:
        assert function.stdout
        child = psutil.Process(int(function.stdout.readline()))
        server = child.parent()
        assert server
        function.kill()
    child.wait(timeout=10)
    server.wait(timeout=10)


def test_the_limits_are_settings() -> None:
    environment = {"DATELINE_PAGE_SECONDS": "2.5", "DATELINE_PAGE_MEMORY": "300", "DATELINE_TABLE": ""}
    settings = Settings.from_environment(environment)
    assert (settings.page_seconds, settings.page_memory, settings.table) == (2.5, 300, "")
    assert Settings.from_environment({}).page_seconds > 0
