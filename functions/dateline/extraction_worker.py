"""Isolation: extract pages in a child process.

A page that hangs, exhausts memory or crashes the parser affects only itself. A fork server loads the extraction
libraries once, in parallel with the function's own imports; its children start within milliseconds and share the loaded
memory. A child serves page after page. A slow page gets its child killed, a page above the memory limit gets an error
from the kernel, and the next page gets a new child. If a page kills a child that served others before, it is tried once
more in a new child, because earlier pages may be the cause. Lambda has no /dev/shm, so pipes replace pools, queues and
locks.

A page's time is the CPU time of its child, so a busy machine costs no page: the kernel ends the child (SIGPROF). The
clock is a far backstop, for a child that waits for ever; its page is tried once more in a new child.

A batch of slow pages must end within the function's time. A page therefore gets at most half of the batch's remaining
time, but at least one second: 200 pages, as many as in a WARC file, then take at most 200 seconds more. A page that
failed with less than its whole time is tried once more, as long as a second share of the function's time lasts.
"""

import gc
import math
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path

from dateline.article import Extraction, Outcome
from dateline.page import Page

Extract = Callable[[Page], Extraction]

_FORK = multiprocessing.get_context("fork")
LEAST = 1.0  # least CPU seconds of a page; the slowest sound page of a thousand took 0.7
BACKSTOP = 8.0  # seconds by the clock for each CPU second; a load average of 15 on two processors leaves an eighth
SHARE = 0.25  # of the function's time for slow pages, and for trying them again; the rest is for the usual pages
# Objects made until the collector looks for cycles. Pages leave few; by Python's own 700 it takes 8 % of the time.
_COLLECT_AFTER = 20_000
RESERVE = 15.0  # seconds before the function's end, for storing results


class OutOfTimeError(Exception):
    """The function's time is nearly over; its message is for another invocation."""


class LoadError(Exception):
    """The extraction libraries failed to load; the message has the reason."""


class Isolated:
    """Extraction in a child process, with CPU ``seconds`` and ``memory`` (MB beyond the loaded libraries) per page.

    ``load`` returns the extraction; it runs once, in another process, and its imports stay there. Raises LoadError if
    it fails. Failures of a page never raise: the outcome is ``QUARANTINED`` with the reason.
    """

    def __init__(self, load: Callable[[], Extract], *, seconds: float, memory: int) -> None:
        self._load, self._seconds, self._memory = load, seconds, memory
        self._slow_until = self._again_until = self._stop_at = math.inf
        self._server: _ForkServer | None = None
        self._child: _Child | None = None

    def start(self) -> "_ForkServer":
        """Have the loading begin, and do not wait for it; without this the first page does."""
        if self._server and not self._server.is_alive():
            self.close()
        self._server = self._server or _ForkServer(self._load, self._memory)
        return self._server

    def begin(self, left: float) -> None:
        """A batch begins, ``left`` seconds before its function ends; later pages may raise OutOfTimeError."""
        now = time.monotonic()
        self._slow_until, self._again_until = now + left * SHARE, now + 2 * left * SHARE
        self._stop_at = now + left - RESERVE

    def __call__(self, page: Page) -> Extraction:
        return self._extract(page, self._limit(), again=False)

    def _extract(self, page: Page, limit: float, *, again: bool) -> Extraction:
        """Extract a page within so many CPU seconds, and once more where that is worth it."""
        child = self.ready()
        try:
            return child.extract(page, limit, BACKSTOP * limit)
        except ChildError as error:
            self._child = None
            if child.exitcode is None:  # its server is gone, or does not answer
                self.close()
            if not again and (another := self._for_another(error, child, limit)):
                return self._extract(page, another, again=True)
            return Extraction(Outcome.QUARANTINED, reason=str(error))

    def ready(self) -> "_Child":
        """The child that takes the next page, once it is there."""
        try:
            self._child = self._child or self.start().child()
        except LoadError:
            self.close()
            raise
        return self._child

    def close(self) -> None:
        """End the processes; the next page starts others."""
        if self._child:
            self._child.end()
        if self._server:
            self._server.end()
        self._child = self._server = None

    def _limit(self) -> float:
        """How many CPU seconds the next page has."""
        now = time.monotonic()
        if now > self._stop_at:
            raise OutOfTimeError(f"the function ends in {RESERVE:g} seconds, and there are pages left")
        return min(self._seconds, max(LEAST, (self._slow_until - now) / 2))

    def _for_another(self, error: "ChildError", child: "_Child", limit: float) -> float:
        """How many CPU seconds a page has for another try; 0 if it is to blame, not earlier pages or the machine."""
        if isinstance(error, TooSlowError):
            left = min(self._seconds, self._again_until - time.monotonic())
            return left if left > limit else 0
        return self._limit() if isinstance(error, StalledError) or child.served else 0


class ChildError(Exception):
    """A page ended its child process; the message describes the end."""


class TooSlowError(ChildError):
    """A page took more than its CPU time."""


class StalledError(ChildError):
    """A page took more than its time by the clock, and less than its CPU time: the machine may be busy."""


class _ForkServer:
    """The process that loads and forks: one child at a time, each for a socket that it is sent.

    It says first None, or the error that kept it from loading; then of each child its process's id, and once it has
    ended its exit code.
    """

    def __init__(self, load: Callable[[], Extract], memory: int) -> None:
        self._ours, theirs = _FORK.Pipe()
        self._process = _FORK.Process(target=_serve_children, args=(theirs, self._ours, load, memory), daemon=True)
        self._process.start()
        theirs.close()
        self._loaded = False

    def child(self) -> "_Child":
        try:
            if not self._loaded and (error := self._ours.recv()):
                raise LoadError(error)
            self._loaded = True
            ours, theirs = _FORK.Pipe()
            with theirs:
                send_handle(self._ours, theirs.fileno(), self._process.pid)
            return _Child(self._ours.recv(), ours, self._ours)
        except (EOFError, ConnectionError) as error:
            self._process.join(LEAST)
            raise LoadError(f"the process that loads extraction died: {_how(self._process.exitcode)}") from error

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._ours.close()


class _Child:
    """A process that extracts; ``served`` is how many pages it has, ``exitcode`` how it ended, as far as is known."""

    def __init__(self, pid: int, pages: Connection, server: Connection) -> None:
        self.pid, self.served = pid, 0
        self.exitcode: int | None = None
        self._pages, self._server = pages, server

    def extract(self, page: Page, seconds: float, backstop: float) -> Extraction:
        """Extract a page within CPU ``seconds``, and within ``backstop`` seconds by the clock. Raises ChildError."""
        try:
            self._pages.send((page, seconds, backstop))
            if not self._pages.poll(backstop):
                self.end()
                raise StalledError(f"extraction took more than {round(backstop, 1):g} seconds by the clock")
            answer: Extraction | str = self._pages.recv()
        except (EOFError, OSError) as error:
            self.end(wait=LEAST)
            if self.exitcode == -signal.SIGPROF:
                raise TooSlowError(f"extraction took more than {round(seconds, 1):g} seconds") from error
            raise ChildError(f"extraction died: {_how(self.exitcode)}") from error
        if isinstance(answer, str):
            self.end(wait=LEAST)
            raise ChildError(f"extraction died: {answer}")
        self.served += 1
        return answer

    def end(self, wait: float = 0) -> None:
        """Kill it, unless it ends by itself within some seconds."""
        if not self._has_ended(wait):
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._has_ended(LEAST)
        self._pages.close()

    def _has_ended(self, wait: float) -> bool:
        """Whether its server has said so."""
        with suppress(EOFError, OSError):
            if self.exitcode is None and self._server.poll(wait):
                self.exitcode = self._server.recv()
        return self.exitcode is not None


def _how(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return signal.Signals(-exitcode).name
    return f"exit status {exitcode}"


def _serve_children(theirs: Connection, ours: Connection, load: Callable[[], Extract], memory: int) -> None:
    """Load, then fork child after child until the other end is closed."""
    ours.close()  # a copy; it would keep this process waiting after its parent's end
    for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)  # whatever the parent does at them
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's to handle
    with suppress(EOFError, ConnectionError):
        try:
            extract = load()
        except Exception as error:
            theirs.send(f"{type(error).__name__}: {error}")
            raise
        gc.freeze()  # what was loaded stays; a child's collector must not touch, and so copy, all of it
        theirs.send(None)
        while True:
            pages = recv_handle(theirs)
            pid = os.fork()
            if pid == 0:
                theirs.close()
                return _serve(Connection(pages), extract, memory << 20)
            os.close(pages)
            theirs.send(pid)
            theirs.send(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _serve(pages: Connection, extract: Extract, memory: int) -> None:
    """Answer page after page until the other end is closed."""
    _limit_memory(memory)
    gc.set_threshold(_COLLECT_AFTER)
    while True:
        try:
            page, seconds, backstop = pages.recv()
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_PROF, seconds)  # user and system time
        # The parent kills it before; where that was killed itself, nobody else would.
        signal.setitimer(signal.ITIMER_REAL, backstop + LEAST)
        try:
            answer = extract(page)
        except BaseException as error:
            pages.send(f"{type(error).__name__}: {error}")
            raise
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        pages.send(answer)


def _limit_memory(more: int) -> None:
    """Let this process have so many bytes more than it has; only Linux says how many those are, and keeps to it."""
    if sys.platform == "linux":
        size = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + more, size + more))
