"""Memory of the local cloud's processes over time, by their role: functions, their children, MiniStack, newsroom."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from infra.local import ministack, newsroom, processes

EVERY = 2.0  # seconds between two looks
_FUNCTION = "AWS_LAMBDA_FUNCTION_NAME"


class Memory:
    """The largest process of each role at each look (MB, resident)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._looks: list[dict[str, float]] = []

    def look(self) -> None:
        """Note the present sizes."""
        found = defaultdict[str, float](float)
        for role in (ministack.ROLE, newsroom.ROLE):
            for process in processes.ours(self._folder, role):
                try:
                    name, size = _name(process, role), process.memory_info().rss / 1e6
                except psutil.NoSuchProcess:
                    continue
                found[name] = max(found[name], size)
        self._looks.append(dict(found))

    @property
    def roles(self) -> list[str]:
        return sorted({name for look in self._looks for name in look})

    def quarters(self, role: str) -> list[float]:
        """Return the largest size of a role in each quarter of the time; 0 where it did not run."""
        count = len(self._looks)
        parts = (self._looks[count * part // 4 : count * (part + 1) // 4] for part in range(4))
        return [max((look.get(role, 0) for look in part), default=0) for part in parts]


@contextmanager
def watched(folder: Path) -> Iterator[Memory]:
    """Look at the processes of a folder's cloud in a thread, as long as the block lasts."""
    memory, ended = Memory(folder), threading.Event()

    def look() -> None:
        while not ended.wait(EVERY):
            memory.look()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        ended.set()
        thread.join()


def cpu_seconds(folder: Path) -> float:
    """Return the CPU time of MiniStack so far, without its functions."""
    leader = processes.leader(folder, ministack.ROLE)
    used = leader.cpu_times() if leader else None
    return used.user + used.system if used else 0.0


def _name(process: psutil.Process, role: str) -> str:
    """Return ``ministack``, ``newsroom``, or a function by its name in the template; ``child`` for what it started."""
    name = process.environ().get(_FUNCTION, "")
    if not name:
        return role
    parent = process.parent()
    is_child = parent is not None and parent.environ().get(_FUNCTION) == name
    short = name.removeprefix("dateline-").partition("Function")[0].lower()
    return f"{short}'s child" if is_child else short
