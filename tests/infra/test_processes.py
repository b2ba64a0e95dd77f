"""The local cloud's processes: how long their start is waited for."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.local import guard, processes
from infra.local.errors import LocalCloudError
from infra.local.stack import ROOT
from tests.support.checkout import until

IDLE = "import time; time.sleep(300)"
BUSY = "import time\nfor n in range(10**9): print(n, flush=True); time.sleep(0.01)"


def start(folder: Path, code: str, ready: Callable[[], bool], patience: float) -> None:
    command = [sys.executable, "-c", code]
    processes.start(folder, "test", command, environment=os.environ, cwd=folder, ready=ready, patience=patience)


def test_idle_process_is_given_up(tmp_path: Path) -> None:
    """A process that is not ready and does nothing is given up, with its log and the next step."""
    try:
        with pytest.raises(LocalCloudError, match=r"test\.log, then run dateline down"):
            start(tmp_path, IDLE, lambda: False, patience=1)
    finally:
        processes.stop(tmp_path, "test", patience=0)


def test_working_process_is_waited_for(tmp_path: Path) -> None:
    """A process that makes progress is waited for, however much longer than the patience it takes."""
    log = tmp_path / "test.log"
    try:
        start(tmp_path, BUSY, lambda: log.stat().st_size > 400, patience=5)
        assert processes.leader(tmp_path, "test")
    finally:
        processes.stop(tmp_path, "test", patience=0)


OWNER = """
import os, pathlib, sys, time
os.environ["DATELINE_OWNER"] = str(os.getpid())
from infra.local import processes
folder = pathlib.Path(sys.argv[1])
worker = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])"
command = [sys.executable, "-c", worker + "; time.sleep(300)"]
processes.start(folder, "test", command, environment=os.environ, cwd=folder, ready=lambda: True)
print("started", flush=True)
time.sleep(300)
"""


def test_killed_owner_leaves_nothing(tmp_path: Path) -> None:
    """A test run that is killed takes its cloud with it: the leader and its workers."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as owner:
        try:
            assert owner.stdout
            assert owner.stdout.readline() == "started\n"
            until(lambda: len(processes.ours(tmp_path, "test")) == 2, 60)
            owner.kill()
            until(lambda: not processes.ours(tmp_path, "test"), 60)
        finally:
            owner.kill()
            processes.stop(tmp_path, "test", patience=0)


def test_owner_that_ended_is_not_waited_for(tmp_path: Path) -> None:
    """Whose owner is gone before the guard looks is stopped as well."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    try:
        start(tmp_path, IDLE, lambda: True, patience=60)
        (leader,) = processes.ours(tmp_path, "test")
        guard.main(ended.pid, leader.pid, tmp_path, "test")
        assert processes.ours(tmp_path, "test") == []
    finally:
        processes.stop(tmp_path, "test", patience=0)


def test_ended_process_is_an_error(tmp_path: Path) -> None:
    """A process that ends at its start is an error with the end of its log."""
    with pytest.raises(LocalCloudError, match="no luck today"):
        start(tmp_path, "print('no luck today')", lambda: False, patience=60)
