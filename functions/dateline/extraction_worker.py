"""Isolation: pages are extracted in a child process; one that hangs, eats memory or crashes it costs itself alone.

What extraction needs is loaded once, in a process that does nothing else than to fork children: the fork server. It
loads while the function is still importing what is its own, and a child is there in milliseconds, with all that the
server has. The child serves page after page. One that takes too long is killed, one that takes too much memory is
refused more by the kernel, and one that dies, whatever of, is followed by another child for the next page. A page that
ends a child that served others before is tried once more in a new one, for it may have died of what they left. Lambda
has no /dev/shm, so there are no pools, queues or locks: pipes are enough.

A batch of nothing but slow pages must end in its function's time. So a page may take half of what is left of the
batch's own time, down to a second: 200 pages, as many as a capture object has, then take 200 seconds more at most.
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
LEAST = 1.0  # seconds that a page always has; the slowest sound page of a thousand took 0.7
SHARE = 0.25  # of the function's time, for pages that take longer; the rest is for as many as there may be at least
RESERVE = 15.0  # seconds before the function's end at which nothing is begun: what there is has to be stored


class OutOfTimeError(Exception):
    """The function's time is nearly over; its message is for another invocation."""


class LoadError(Exception):
    """What extraction needs could not be loaded; the message says why."""


class Isolated:
    """Extraction in a child process, with ``seconds`` and ``memory`` (MB beyond what was loaded) a page.

    ``load`` gives the extraction; it is called in another process, once, and all that it imports stays there. Raises
    LoadError if it fails, and for nothing that a page does to the child: the outcome is then ``QUARANTINED``, with what
    happened.
    """

    def __init__(self, load: Callable[[], Extract], *, seconds: float, memory: int) -> None:
        self._load, self._seconds, self._memory = load, seconds, memory
        self._slow_until = self._stop_at = math.inf
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
        self._slow_until = time.monotonic() + left * SHARE
        self._stop_at = time.monotonic() + left - RESERVE

    def __call__(self, page: Page) -> Extraction:
        child = self.ready()
        limit = self._limit()
        try:
            return child.extract(page, limit)
        except ChildError as error:
            self._child = None
            if child.exitcode is None:  # its server is gone, or does not answer
                self.close()
            if child.served and not isinstance(error, TooSlowError):
                return self(page)
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
        """How many seconds the next page has."""
        now = time.monotonic()
        if now > self._stop_at:
            raise OutOfTimeError(f"the function ends in {RESERVE:g} seconds, and there are pages left")
        return min(self._seconds, max(LEAST, (self._slow_until - now) / 2))


class ChildError(Exception):
    """A page ended the process that it was extracted in; the message says how."""


class TooSlowError(ChildError):
    """A page took more than its time."""


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

    def extract(self, page: Page, seconds: float) -> Extraction:
        try:
            self._pages.send((page, seconds))
            if not self._pages.poll(seconds):
                self.end()
                raise TooSlowError(f"extraction took more than {round(seconds, 1):g} seconds")
            answer: Extraction | str = self._pages.recv()
        except (EOFError, OSError) as error:
            self.end(wait=LEAST)
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
    ours.close()  # a copy, which would keep this process waiting for ever when its parent is gone
    for number in (signal.SIGTERM, signal.SIGALRM):
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
