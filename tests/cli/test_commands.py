"""The entry point group ``dateline.commands``: commands of the packages above the library."""

import json
import socket
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from dateline.cli import commands, stack
from dateline.cli.terminal.output import CommandError
from infra.local.record import Record
from tests.conftest import ROOT


def installed(monkeypatch: pytest.MonkeyPatch, **entries: str) -> None:
    """Have these entry points, by name (``__`` for a dot), and no others."""
    points = {name.replace("__", "."): value for name, value in entries.items()}
    monkeypatch.setattr(commands, "entries", lambda: {name: commands.Entry(name, at) for name, at in points.items()})


def test_commands_found_by_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name without a dot is a command, one with a dot belongs to that group."""
    installed(monkeypatch, up="json:dumps", sources__check="json:loads", crawl__here="json:load")
    assert list(commands.found()) == [("up", json.dumps)]
    assert list(commands.found("sources")) == [("check", json.loads)]
    assert commands.part("crawl.here") is json.load


@pytest.mark.parametrize("module", ["no_such_package.cli", "no_such_package.local.cli", "json.no_such_module"])
def test_absent_package_has_no_command(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    """A package that is not installed, or not wholly, offers no command; nothing fails."""
    installed(monkeypatch, up=f"{module}:up")
    assert list(commands.found()) == []
    assert commands.part("up") is None


def test_broken_package_raises(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A package that is there and imports what is not there is an error, not an absence."""
    (tmp_path / "broken_commands.py").write_text("import no_such_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    installed(monkeypatch, up="broken_commands:up")
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency"):
        list(commands.found())


def test_installed_commands_are_declared() -> None:
    """The installation offers the entry points of pyproject.toml; ``make .venv/ready`` renews an older one."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"][commands.GROUP]
    names = {name for name in declared if "." not in name}
    assert {name for name, _ in commands.found()} == names == {"up", "down", "deploy-check"}
    assert all(commands.part(name) for name in declared)


ENTRY_POINTS = """
[console_scripts]
other = other.cli:main

[dateline.commands]
# what it adds
plot.sea = other.sea:plot
tide=other.sea:tide
up = other.sea:up

[pytest11]
down = other.sea:down
"""


@pytest.mark.parametrize("metadata", ["other-1.0.dist-info", "other.egg-info", "أخرى-1.0.dist-info"])
def test_other_packages_add_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metadata: str) -> None:
    """A package on the path adds its commands, as importlib.metadata finds them; the first of a name wins."""
    (tmp_path / metadata).mkdir()
    (tmp_path / metadata / "entry_points.txt").write_text(ENTRY_POINTS, "utf-8")
    (tmp_path / metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(commands, "entries", commands.entries.__wrapped__)  # without its cache
    expected = {each.name: each.value for each in reversed(tuple(entry_points(group=commands.GROUP)))}
    assert {name: entry.value for name, entry in commands.entries().items()} == expected
    assert (expected["tide"], expected["up"]) == ("other.sea:tide", "other.sea:up")
    assert commands.part("plot.sea") is None


def test_local_stack_needs_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a record, without a stack or with nobody on its port, the error says how to start one."""
    monkeypatch.setattr(stack, "STATE", tmp_path)
    with socket.socket() as unbound:
        unbound.bind(("127.0.0.1", 0))
        port = unbound.getsockname()[1]
        for record in (None, Record(port=port), Record(port=port, outputs={"IndexTable": "index"})):
            if record:
                record.write(tmp_path)
            with pytest.raises(CommandError, match="dateline up"):
                stack.Stack.find(None)


def test_local_stack_reads_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stack of the local cloud is the one that ``dateline up`` recorded."""
    monkeypatch.setattr(stack, "STATE", tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        Record(port=port, outputs={"IndexTable": "index", "CaptureBucket": "kept"}).write(tmp_path)
        found = stack.Stack.find(None)
    assert (found.capture_bucket, found.table.name) == ("kept", "index")
    assert found.s3.meta.endpoint_url == f"http://127.0.0.1:{port}"
    assert found.sources == f"{tmp_path}/newsroom/sources"
