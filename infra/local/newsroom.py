"""The sample newsroom's process, and the addresses of its outlets."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra.local import processes
from infra.local.stack import ROOT

ROLE = "newsroom"


def ensure(folder: Path, recorded: Sequence[Path] = ()) -> bool:
    """Have it run and serve these recorded pages too; False if it does already."""
    command = [sys.executable, "-m", "infra.newsroom", "--state", f"{folder / 'newsroom'}"]
    command += ["--recorded", *(f"{path.resolve()}" for path in recorded)] if recorded else []
    running = processes.leader(folder, ROLE)
    if running and running.cmdline()[1:] == command[1:]:
        return False
    processes.stop(folder, ROLE)
    processes.start(folder, ROLE, command, environment=os.environ, cwd=ROOT, ready=lambda: _ready(folder))
    return True


def outlets(folder: Path) -> list[str]:
    """Return the source ids of the outlets served now or earlier."""
    return sorted(_state(folder).get("ports", {}))


def hosts(folder: Path) -> list[str]:
    """``127.0.0.1:<port>`` of each of them."""
    return sorted(f"127.0.0.1:{port}" for port in _state(folder).get("ports", {}).values())


def sources(folder: Path) -> Path:
    """The folder of its outlets' source files."""
    return folder / "newsroom" / "sources"


def _ready(folder: Path) -> bool:
    running = processes.leader(folder, ROLE)
    return running is not None and _state(folder).get("pid") == running.pid


def _state(folder: Path) -> dict[str, Any]:
    path = folder / "newsroom" / "newsroom.json"
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}
