"""Commands of packages above the library, from the entry point group ``dateline.commands``.

An entry point's name is its place: ``up`` is a command, ``sources.check`` a command of the group ``sources``,
``crawl.here`` a part of the command ``crawl``. Their packages may be absent: the spiders need the extra ``crawl``, and
the local cloud comes with a checkout only.
"""

from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any

GROUP = "dateline.commands"


def found(group: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the name and function of each installed command of a group, by default of ``dateline`` itself."""
    for entry in entry_points(group=GROUP):
        parent, _, name = entry.name.rpartition(".")
        function = _loaded(entry) if parent == group else None
        if function:
            yield name, function


def part(name: str) -> Callable[..., Any] | None:
    """Return the function of an entry point, or None if its package is not installed."""
    return next((_loaded(entry) for entry in entry_points(group=GROUP, name=name)), None)


def _loaded(entry: EntryPoint) -> Callable[..., Any] | None:
    try:
        function: Callable[..., Any] = entry.load()
    except ModuleNotFoundError as error:
        package = entry.module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        return None
    return function
