"""``dateline up``, ``down``, ``status``: the local cloud."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from dateline.cli.output import CommandError, Json, console, print_json, progress
from dateline.cli.query import Day
from dateline.cli.stack import STATE, Stack, StackName

Recorded = Annotated[
    list[Path] | None,
    typer.Option(help="A file of recorded pages (.jsonl.gz with id, url, html) to serve as an outlet; repeatable."),
]
Schedule = Annotated[
    str | None,
    typer.Option(help="Crawl these sources by the schedule alone, every minute: names with commas, or 'all'."),
]


def up(recorded: Recorded = None, schedule: Schedule = None) -> None:
    """Start the local cloud in ./.dateline, deploy template.yaml into it, and wait until it is healthy.

    A second `up` finds everything again. After an unclean stop it rebuilds the index from the buckets.
    """
    from infra.local import LocalCloudError
    from infra.local import up as start

    scheduled = None if schedule is None else [] if schedule == "all" else schedule.split(",")
    try:
        start(STATE, schedule=scheduled, recorded=recorded or [], progress=progress.print)
    except LocalCloudError as error:
        raise CommandError(str(error)) from error


def down() -> None:
    """Stop the local cloud, its state saved."""
    from infra.local import LocalCloudError
    from infra.local import down as stop

    try:
        stop(STATE, progress=progress.print)
    except LocalCloudError as error:
        raise CommandError(str(error)) from error


def status(
    coverage: Annotated[
        bool, typer.Option("--coverage", help="What came of each source on each day, against what is expected.")
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
    """Say how the local cloud is; exit status 1 where it is not healthy. With --stack, what a stack on AWS consists of.

    With --coverage, say what the stack collected in the last seven days, or in those from --since to --until (UTC).
    """
    if coverage:
        from dateline.cli.coverage import show

        show(Stack.find(stack), source or [], since, until, svg, json)
    elif source or since or until or svg:
        raise typer.BadParameter("--source, --since, --until and --svg go with --coverage")
    elif stack:
        _print({"outputs": Stack.on_aws(stack).outputs}, json)
    else:
        _health(json)


def _health(json: bool) -> None:
    from infra.local import status as look

    found = look(STATE)
    _print(asdict(found) | {"folder": str(found.folder), "healthy": found.healthy}, json)
    if not found.healthy:
        raise typer.Exit(1)


def _print(values: dict[str, Any], json: bool) -> None:
    if json:
        print_json(values)
    else:
        table = Table(show_header=False, box=None)
        for name, value in (values | values.pop("outputs")).items():
            table.add_row(name, str(value))
        console.print(table)
