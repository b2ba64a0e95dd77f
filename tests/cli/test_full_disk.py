"""A full disk: one line that names the file and the next step, and nothing half-done."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

WRITES = {
    "a file": "from pathlib import Path; Path({path!r}).write_bytes(bytes(1 << 20))",
    "a spool": (
        "from pathlib import Path; from dateline.verify import Spool; spool = Spool(Path({path!r}))\n"
        "with spool.transaction():\n"
        "    for number in range(20000): spool.note(str(number), 'x' * 100)"
    ),
}


@pytest.mark.parametrize("writes", WRITES)
def test_full_disk_is_told(tmp_path: Path, writes: str) -> None:
    """A command that may write 256 kB and no more ends with one line on standard error."""
    path = str(tmp_path / "written")
    script = (
        "import importlib\nmain = importlib.import_module('dateline.cli.main')\n"
        f"def app() -> None:\n    exec({WRITES[writes].format(path=path)!r})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{script}main.app = app\nmain.run()"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 18, 1 << 18)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    line = " ".join(done.stderr.split())  # wrapped for a terminal
    assert line.startswith("dateline: "), line
    assert line.endswith("free space, then run the command again")
