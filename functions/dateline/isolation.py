"""Isolation: pages are extracted in a child process; one that hangs, eats memory or crashes it costs itself alone.

The child is forked from the function once its libraries are imported, which takes milliseconds, and serves page after
page. One that takes too long is killed, one that takes too much memory is refused more by the kernel, and one that
dies, whatever of, is followed by another child for the next page. A page that ends a child that served others before
is tried once more in a new one, for it may have died of what they left. Lambda has no /dev/shm, so there are no pools,
queues or locks: a pipe is enough.

A batch of nothing but slow pages must end in its function's time. So a page may take half of what is left of the
batch's own time, down to a second: 200 pages, as many as a capture object has, then take 200 seconds more at most.
"""

import math
import multiprocessing
import resource
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from dateline.article import Extraction, Outcome
from dateline.page import Page

_FORK = multiprocessing.get_context("fork")
LEAST = 1.0  # seconds that a page always has; the slowest sound page of a thousand took 0.7
SHARE = 0.25  # of the function's time, for pages that take longer; the rest is for as many as there may be at least
RESERVE = 15.0  # seconds before the function's end at which nothing is begun: what there is has to be stored


class OutOfTimeError(Exception):
    """The function's time is nearly over; its message is for another invocation."""


class Isolated:
    """``extract`` in a child process, with ``seconds`` and ``memory`` (MB beyond what the libraries take) a page.

    Raises for nothing that a page does to the child; the outcome is then ``QUARANTINED``, with what happened.
    """

    def __init__(self, extract: Callable[[Page], Extraction], *, seconds: float, memory: int) -> None:
        self._extract, self._seconds, self._memory = extract, seconds, memory
        self._slow_until = self._stop_at = math.inf
        self._child: _Child | None = None

    def begin(self, left: float) -> None:
        """A batch begins, ``left`` seconds before its function ends; later pages may raise OutOfTimeError."""
        self._slow_until = time.monotonic() + left * SHARE
        self._stop_at = time.monotonic() + left - RESERVE

    def __call__(self, page: Page) -> Extraction:
        limit = self._limit()
        self._child = child = self._child or _Child(self._extract, self._memory)
        try:
            return child.extract(page, limit)
        except ChildError as error:
            self.close()
            if child.served and not isinstance(error, TooSlowError):
                return self(page)
            return Extraction(Outcome.QUARANTINED, reason=str(error))

    def close(self) -> None:
        """End the child process; the next page starts another."""
        if self._child:
            self._child.end()
        self._child = None

    def _limit(self) -> float:
        """How many seconds the next page has."""
        now = time.monotonic()
        if now > self._stop_at:
            raise OutOfTimeError(f"the function ends in {RESERVE:g} seconds, and there are pages left")
        return min(self._seconds, max(LEAST, (self._slow_until - now) / 2))


class ChildError(Exception):
    """A page ended the process that it was extracted in; the message says how."""


class TooSlowError(ChildError):
    """A page took more than its time."""


class _Child:
    """A process that extracts; ``served`` is how many pages it has."""

    def __init__(self, extract: Callable[[Page], Extraction], memory: int) -> None:
        self.served = 0
        self._ours, theirs = _FORK.Pipe()
        self._process = _FORK.Process(target=_serve, args=(theirs, self._ours, extract, memory), daemon=True)
        self._process.start()
        theirs.close()

    def extract(self, page: Page, seconds: float) -> Extraction:
        try:
            self._ours.send((page, seconds))
            if not self._ours.poll(seconds):
                raise TooSlowError(f"extraction took more than {round(seconds, 1):g} seconds")
            answer: Extraction | str = self._ours.recv()
        except (EOFError, ConnectionError) as error:
            raise ChildError(f"extraction died: {self._how()}") from error
        if isinstance(answer, str):
            raise ChildError(f"extraction died: {answer}")
        self.served += 1
        return answer

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._ours.close()

    def _how(self) -> str:
        self._process.join(LEAST)
        status = self._process.exitcode
        if status is not None and status < 0:
            return signal.Signals(-status).name
        return f"exit status {status}"


def _serve(pages: Connection, other_end: Connection, extract: Callable[[Page], Extraction], memory: int) -> None:
    """Answer page after page until the other end is closed."""
    other_end.close()  # a copy, which would keep this process waiting for ever when its parent is gone
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)  # whatever the parent does at them
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's to handle
    _limit_memory(memory << 20)
    while True:
        try:
            page, seconds = pages.recv()
        except EOFError:
            return
        # The parent kills it before; where that was killed itself, nobody else would.
        signal.setitimer(signal.ITIMER_REAL, seconds + LEAST)
        try:
            answer = extract(page)
        except BaseException as error:
            pages.send(f"{type(error).__name__}: {error}")
            raise
        signal.setitimer(signal.ITIMER_REAL, 0)
        pages.send(answer)


def _limit_memory(more: int) -> None:
    """Let this process have so many bytes more than it has; only Linux says how many those are, and keeps to it."""
    if sys.platform == "linux":
        size = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + more, size + more))
