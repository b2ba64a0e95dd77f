"""``dateline status``: the local cloud's health, a stack's outputs, or its coverage."""

from pathlib import Path
from typing import Annotated, Any

import typer

from dateline.cli import commands
from dateline.cli.output import CommandError, Json, print_json
from dateline.cli.query import Day
from dateline.cli.stack import STATE, Stack, StackName
from dateline.cli.tables import print_fields


def status(
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Each source's days, compared with expectations.")
    ] = False,
    source: Annotated[list[str] | None, typer.Option(help="With --coverage: of this source; repeatable.")] = None,
    since: Day = None,
    until: Day = None,
    svg: Annotated[
        Path | None, typer.Option(dir_okay=False, help="With --coverage: draw a heat map into this file.")
    ] = None,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """Print the state of the local cloud; exit status 1 if unhealthy. With --stack, print a stack's resources on AWS.

    With --coverage, print the yield of sources in the last seven days, or from --since to --until (UTC).
    """
    if coverage:
        from dateline.cli.coverage import show

        show(Stack.find(stack), source or [], since, until, svg, json)
    elif source or since or until or svg:
        raise typer.BadParameter("--source, --since, --until and --svg go with --coverage")
    elif stack:
        _print({}, Stack.find(stack).outputs, json)
    else:
        _health(json)


def _health(json: bool) -> None:
    look = commands.part("status.local")
    if look is None:
        raise CommandError("the local cloud is part of a checkout; --stack NAME asks one on AWS")
    values, outputs = look(STATE)
    _print(values, outputs, json)
    if not values["healthy"]:
        raise typer.Exit(1)


def _print(values: dict[str, Any], outputs: dict[str, str], json: bool) -> None:
    if json:
        print_json({**values, "outputs": outputs})
    else:
        print_fields({**values, **outputs})
