"""How the command starts: quickly, and without a traceback however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dateline import __version__

HEAVY = {"boto3", "botocore", "lxml", "scrapy", "trafilatura", "twisted", "duckdb", "rich.progress"}
LOADED = """
import sys
from dateline.cli.main import app
for arguments in sys.argv[1].split(","):
    try:
        app(arguments.split())
    except SystemExit:
        pass
print("LOADED", *sys.modules)
"""
HELPS = ("--help", "query --help", "extract --help", "crawl --help", "sources check --help", "import --help")


def loaded(*commands: str) -> tuple[str, set[str]]:
    """Run commands in one process; return their output and the modules loaded in the end."""
    command = [sys.executable, "-c", LOADED, ",".join(commands)]
    shown, _, names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.partition("LOADED ")
    return shown, set(names.split())


def test_help_loads_no_library() -> None:
    """A command's help imports neither boto3 nor lxml nor anything else that takes long."""
    shown, modules = loaded(*HELPS)
    assert shown.count("Usage: ") == len(HELPS)
    assert not HEAVY & modules


def test_extract_loads_little(tmp_path: Path) -> None:
    """A page without a source loads no AWS client, no reader of source files, CSS selectors or WARC files."""
    page = tmp_path / "page.html"
    page.write_text("<html lang=fr><title>Le puits</title><h1>Le puits</h1><p>La pompe est réparée.")
    _, modules = loaded(f"extract {page} --url https://example.org/a")
    assert "dateline.extraction" in modules
    unwanted = {"boto3", "botocore", "cssselect", "warcio", "tantivy", "scrapy", "rich", "tomllib"}
    assert not (unwanted | {"dateline.sources.registry", "dateline.messages", "dateline.capture"}) & modules


def test_version_is_printed() -> None:
    """--version prints the version."""
    done = subprocess.run([sys.executable, "-m", "dateline", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"dateline {__version__}\n"


INTERRUPTED = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
sys.argv = ["dateline", "sources", "list"]
from dateline.cli import main
main()
"""


@pytest.mark.parametrize("module", ["typer", "dateline.cli.main", "dateline.sources.registry"])
def test_interrupt_ends_without_traceback(module: str) -> None:
    """Ctrl-C while the command loads or runs ends it without a traceback."""
    command = [sys.executable, "-c", INTERRUPTED.format(module=module)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in {1, 130, -signal.SIGINT}
    assert "Traceback" not in done.stderr


ASCII = """
import sys
from dateline.cli.main import run
for arguments in sys.argv[1].split(","):
    sys.argv = ["dateline", *arguments.split()]
    try:
        run()
    except SystemExit as error:
        assert not error.code
"""


def test_ascii_terminal_is_survived() -> None:
    """Where standard output is ASCII, other letters are escaped, not an error."""
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    command = [sys.executable, "-c", ASCII, "sources list,sources list --json,sources show lana"]
    done = subprocess.run(command, capture_output=True, env=environment, check=True)
    shown = done.stdout.decode("ascii")
    assert "libya-herald" in shown


def test_failure_is_one_line(tmp_path: Path) -> None:
    """An expected failure is a line with the next step, and exit status 1."""
    command = [sys.executable, "-m", "dateline", "query"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("dateline: no local cloud runs")
    assert len(done.stderr.splitlines()) == 1
