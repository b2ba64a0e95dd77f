"""Commands of packages above the library, from the entry point group ``dateline.commands``.

An entry point's name is its place: ``up`` is a command, ``sources.check`` a command of the group ``sources``,
``crawl.here`` a part of the command ``crawl``. Their packages may be absent: the spiders need the extra ``crawl``, and
the local cloud comes with a checkout only.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

GROUP = "dateline.commands"
_METADATA = (".dist-info", ".egg-info")


class Entry(NamedTuple):
    """An entry point: the place of a command, and its ``module:function``."""

    name: str
    value: str

    @property
    def package(self) -> str:
        return self.value.partition(".")[0].partition(":")[0]

    def load(self) -> Callable[..., Any]:
        module, _, name = self.value.partition(":")
        function: Callable[..., Any] = getattr(import_module(module), name)
        return function


@cache
def entries() -> dict[str, Entry]:
    """Return the group's entry points by name, those of the first folder on ``sys.path`` if several have one.

    ``importlib.metadata`` finds the same ones (a test compares them), but its import takes a fifth of the CPU time of
    ``dateline --help``.
    """
    found = dict[str, Entry]()
    for file in (file for folder in sys.path for file in _files(folder or ".")):
        for entry in _of_group(file.read_text("utf-8")):
            found.setdefault(entry.name, entry)
    return found


def found(group: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the name and function of each installed command of a group, by default of ``dateline`` itself."""
    for entry in entries().values():
        parent, _, name = entry.name.rpartition(".")
        function = _loaded(entry) if parent == group else None
        if function:
            yield name, function


def part(name: str) -> Callable[..., Any] | None:
    """Return the function of an entry point, or None if its package is not installed."""
    entry = entries().get(name)
    return _loaded(entry) if entry else None


def _files(folder: str) -> Iterator[Path]:
    """Yield the entry points of a folder's installed packages."""
    with suppress(OSError), os.scandir(folder) as found:
        for package in sorted(each.path for each in found if each.name.endswith(_METADATA)):
            if (file := Path(package, "entry_points.txt")).exists():
                yield file


def _of_group(text: str) -> Iterator[Entry]:
    """Yield the group's entry points in a file of entry points."""
    section = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line
        elif section == f"[{GROUP}]" and line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield Entry(name.strip(), value.strip())


def _loaded(entry: Entry) -> Callable[..., Any] | None:
    try:
        return entry.load()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != entry.package:
            raise
        return None
