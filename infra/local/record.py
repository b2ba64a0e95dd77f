"""Memory of the local cloud between runs (``cloud.json``), and the lock on its folder."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from infra.local.errors import LocalCloudError


@dataclass(slots=True, kw_only=True)
class Record:
    """``built`` and ``deployed`` are fingerprints of the inputs of bundles and stack.

    ``clean`` is false while MiniStack runs; found false without a running MiniStack, it was killed and lost all changes
    of tables and queues since its last stop. ``lost`` stays true until the index has been rebuilt.
    """

    port: int | None = None
    built: str | None = None
    deployed: str | None = None
    outputs: dict[str, str] = field(default_factory=dict)
    clean: bool = True
    lost: bool = False

    @classmethod
    def read(cls, folder: Path) -> Self:
        path = folder / "cloud.json"
        return cls(**json.loads(path.read_text("utf-8"))) if path.exists() else cls()

    def write(self, folder: Path) -> None:
        """Replace the record in one step, safe against kills."""
        fresh = folder / ".cloud.json.new"
        fresh.write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")
        fresh.replace(folder / "cloud.json")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder; LocalCloudError if another ``up`` or ``down`` does."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalCloudError(f"another dateline up or down is at work in {folder}; wait for it") from None
        yield
