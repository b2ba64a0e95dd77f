"""Output of the commands."""

import json
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.console import Console

# Data, for people: as wide as their terminal, and where it goes into a file or a pipe, a line for each row.
console = Console() if sys.stdout.isatty() else Console(width=240)
progress = Console(stderr=True, highlight=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON lines.")]


class CommandError(Exception):
    """A failure with a remedy in its message."""


def print_json(value: Mapping[str, Any]) -> None:
    """One line of JSON on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=_plain) + "\n")


def _plain(value: object) -> object:
    """DynamoDB's numbers and everything else that JSON does not know."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)
