"""Output of the commands.

Text from outlets and file names is never read as markup and loses its control characters: they could move a
terminal's cursor or hide earlier output.
"""

import functools
import json
import os
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

Json = Annotated[bool, typer.Option("--json", help="Print JSON lines.")]

_KEPT = "\n\t"
# C0, DEL and C1 controls, and the overrides of direction, able to turn a whole line around.
_CONTROLS = {code: "\N{REPLACEMENT CHARACTER}" for code in (*range(32), *range(127, 160)) if chr(code) not in _KEPT}
_CONTROLS |= dict.fromkeys((0x202D, 0x202E), "\N{REPLACEMENT CHARACTER}")


class CommandError(Exception):
    """An expected failure, with the next step in its message."""


@functools.cache
def console() -> "Console":
    """Return the console of standard output; it interprets no markup."""
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False)


@functools.cache
def progress() -> "Console":
    """Return the console of standard error, for progress bars."""
    from rich.console import Console

    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def is_terminal() -> bool:
    """Whether standard output is a terminal: then for people, else for programs."""
    return sys.stdout.isatty() or (bool(os.environ.get("FORCE_COLOR")) and console().is_terminal)


def printable(text: str) -> str:
    """Return text with a replacement character for each control character but line ends and tabs."""
    return text.translate(_CONTROLS)


def one_line(text: str) -> str:
    """Return text as a cell of a table: printable, on one line, without tabs."""
    return printable(" ".join(text.split()))


def write(text: str) -> None:
    """Print a line of data to standard output, never wrapped."""
    print(printable(text))


def note(text: str) -> None:
    """Print a message to standard error, never wrapped."""
    print(printable(text), file=sys.stderr)


def print_json(value: Mapping[str, object]) -> None:
    """Print a line of JSON to standard output; in ASCII for an output without Unicode."""
    escaped = "utf" not in (sys.stdout.encoding or "utf-8").lower()
    line = json.dumps(value, ensure_ascii=escaped, default=_plain)
    # A lone surrogate, which UTF-8 cannot say, becomes the escape that JSON has for it.
    sys.stdout.write(line.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: ``1 page``, ``1,234 pages``, ``2 stories``."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def _plain(value: object) -> object:
    """DynamoDB's numbers and everything else that JSON does not know."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)
