"""Guard of a local process: ``python -m infra.local.guard OWNER LEADER FOLDER ROLE``.

A test run or ``make run`` that is killed cannot stop its cloud. The guard, a process of its own session, waits for the
owner's end and then kills the role's processes. It ends with the leader.
"""

import sys
import time
from pathlib import Path

import psutil

from infra.local import processes

EVERY = 0.5  # seconds


def main(owner: int, leader: int, folder: Path, role: str) -> None:
    """Wait for the end of the owner or of the leader (process ids), whichever comes first."""
    ours, theirs = _process(owner), _process(leader)
    while _lives(ours) and _lives(theirs):
        time.sleep(EVERY)
    if not _lives(ours):
        processes.stop(folder, role, patience=0)


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None


def _lives(process: psutil.Process | None) -> bool:
    """Return whether it runs; another process may have its id by now, and a killed one may wait to be collected."""
    try:
        return process is not None and process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
