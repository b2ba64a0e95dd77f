"""Processes of the local cloud, recognised by a mark in their environment.

The process id in a file may belong to another process by now; a mark inherited by children cannot. It also finds
workers left by a killed MiniStack.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from infra.local.errors import LocalCloudError, tail

_MARK = "DATELINE_LOCAL_CLOUD"
OWNER = "DATELINE_OWNER"  # the id of a process without which ours are of no use, such as a test run


def mark(folder: Path, role: str) -> str:
    return f"{role} of {folder}"


def ours(folder: Path, role: str) -> list[psutil.Process]:
    """The processes of this role ("ministack", "newsroom") of this folder's cloud, leader first."""
    wanted = mark(folder, role)
    found = [
        process
        for process in psutil.process_iter(["environ", "status"])
        if (process.info["environ"] or {}).get(_MARK) == wanted and process.info["status"] != psutil.STATUS_ZOMBIE
    ]
    return sorted(found, key=lambda process: not _leads(process))


def leader(folder: Path, role: str) -> psutil.Process | None:
    """Return the process created by ``start``, if it still runs."""
    found = ours(folder, role)
    return found[0] if found and _leads(found[0]) else None


def start(
    folder: Path,
    role: str,
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    cwd: Path,
    ready: Callable[[], bool],
    patience: float = 30,
) -> None:
    """Start it in a session of its own, out of reach of a terminal's Ctrl-C, and return once it is ``ready``.

    Its output goes to ``<role>.log``. It is killed after the end of the process whose id is in ``DATELINE_OWNER``, if
    any (``guard``). Raises LocalCloudError if it ends first, or
    does nothing for ``patience`` seconds without being ready: a slow machine has all the time that it needs.
    """
    log = folder / f"{role}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**environment, _MARK: mark(folder, role)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    if owner := os.environ.get(OWNER):
        _guard(owner, process.pid, folder, role)
    seen, moved = _activity(process.pid, log), time.monotonic()
    while not ready():
        if process.poll() is not None:
            raise LocalCloudError(f"{role} ended at its start; {log} says:\n{tail(log)}")
        now = _activity(process.pid, log)
        if now != seen:
            seen, moved = now, time.monotonic()
        if time.monotonic() - moved > patience:
            still = f"{role} does not answer and has done nothing for {patience:.0f} s"
            raise LocalCloudError(f"{still}; see {log}, then run dateline down and up again")
        time.sleep(0.05)


def _guard(owner: str, pid: int, folder: Path, role: str) -> None:
    """Start the guard, which must outlive this process and is not one of the role's own."""
    subprocess.Popen(
        [sys.executable, "-m", "infra.local.guard", owner, str(pid), str(folder), role],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _activity(pid: int, log: Path) -> tuple[int, float]:
    """What a starting process has done so far: the size of its log, and its CPU time in tenths of a second."""
    try:
        used = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return (0, 0)
    return log.stat().st_size, round(used.user + used.system, 1)


def stop(folder: Path, role: str, *, patience: float = 30) -> bool:
    """Ask the leader to end, wait for its saving, then kill the rest. Return True if it ended as asked.

    MiniStack's workers finish their invocation after its end, and would write into its successor.
    """
    asked = leader(folder, role)
    if asked:
        _signal(asked, signal.SIGTERM)
        _await(lambda: leader(folder, role) is None, seconds=patience)
    ended = asked is not None and leader(folder, role) is None
    for process in ours(folder, role):
        _signal(process, signal.SIGKILL)
    _await(lambda: not ours(folder, role), seconds=5)
    return ended


def _await(done: Callable[[], bool], *, seconds: float) -> None:
    """Return once done, or when time is up. Polls, since an ended process without a parent may linger."""
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        time.sleep(0.05)


def _leads(process: psutil.Process) -> bool:
    try:
        return os.getsid(process.pid) == process.pid
    except ProcessLookupError:
        return False


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return  # it ended by itself, which is what was wanted
