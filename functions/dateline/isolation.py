"""Isolation: pages are extracted in a child process; one that hangs, eats memory or crashes it costs itself alone.

The child is forked from the function once its libraries are imported, which takes milliseconds, and serves page after
page. One that takes too long is killed, one that takes too much memory is refused more by the kernel, and one that
dies, whatever of, is followed by another child for the next page. Lambda has no /dev/shm, so there are no pools,
queues or locks: a pipe is enough.
"""

import multiprocessing
import resource
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from dateline.article import Extraction, Outcome
from dateline.page import Page

_FORK = multiprocessing.get_context("fork")
_LEAST = 1.0  # seconds that a page always has; the slowest sound page of a thousand took 0.7


class Isolated:
    """``extract`` in a child process, with ``seconds`` and ``memory`` (MB beyond what the libraries take) a page.

    Never raises for what a page does to the child; the outcome is then ``QUARANTINED``, with what happened.
    """

    def __init__(self, extract: Callable[[Page], Extraction], *, seconds: float, memory: int) -> None:
        self._extract, self._seconds, self._memory = extract, seconds, memory
        self._limit = seconds
        self._child: _Child | None = None

    def begin(self) -> None:
        """A new batch begins: its pages have the whole time again."""
        self._limit = self._seconds

    def __call__(self, page: Page) -> Extraction:
        child = self._ready()
        try:
            return child.extract(page, self._limit)
        except ChildError as error:
            self.close()
            if isinstance(error, TooSlowError):  # a batch of nothing but such pages must end in the function's time
                self._limit = max(_LEAST, self._limit / 2)
            return Extraction(Outcome.QUARANTINED, reason=str(error))

    def close(self) -> None:
        """End the child process; the next page starts another."""
        if self._child:
            self._child.end()
        self._child = None

    def _ready(self) -> "_Child":
        if self._child is None or not self._child.is_alive():
            self._child = _Child(self._extract, self._memory)
        return self._child


class ChildError(Exception):
    """A page ended the process that it was extracted in; the message says how."""


class TooSlowError(ChildError):
    """A page took more than its time."""


class _Child:
    def __init__(self, extract: Callable[[Page], Extraction], memory: int) -> None:
        self._ours, theirs = _FORK.Pipe()
        self._process = _FORK.Process(target=_serve, args=(theirs, self._ours, extract, memory), daemon=True)
        self._process.start()
        theirs.close()

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def extract(self, page: Page, seconds: float) -> Extraction:
        try:
            self._ours.send(page)
            if not self._ours.poll(seconds):
                raise TooSlowError(f"extraction took more than {seconds:g} seconds")
            answer: Extraction | str = self._ours.recv()
        except (EOFError, ConnectionError) as error:
            raise ChildError(f"extraction died: {self._how()}") from error
        if isinstance(answer, str):
            raise ChildError(f"extraction died: {answer}")
        return answer

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._ours.close()

    def _how(self) -> str:
        self._process.join(_LEAST)
        status = self._process.exitcode
        if status is not None and status < 0:
            return signal.Signals(-status).name
        return f"exit status {status}"


def _serve(pages: Connection, other_end: Connection, extract: Callable[[Page], Extraction], memory: int) -> None:
    """Answer page after page until the other end is closed."""
    other_end.close()  # a copy, which would keep this process waiting for ever when its parent is gone
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's to handle
    _limit_memory(memory << 20)
    while True:
        try:
            page = pages.recv()
        except EOFError:
            return
        try:
            answer = extract(page)
        except BaseException as error:
            pages.send(f"{type(error).__name__}: {error}")
            raise
        pages.send(answer)


def _limit_memory(more: int) -> None:
    """Let this process have so many bytes more than it has; only Linux says how many those are, and keeps to it."""
    if sys.platform == "linux":
        size = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + more, size + more))
