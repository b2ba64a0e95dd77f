"""``dateline status``: how the local cloud or a stack on AWS is, or its coverage."""

from pathlib import Path
from typing import Annotated, Any

import typer

from dateline.cli import commands
from dateline.cli.options import Day, check_days
from dateline.cli.stack import STATE, Stack, StackName
from dateline.cli.terminal.output import CommandError, Json, note, print_json
from dateline.cli.terminal.tables import print_fields


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
    """Print how the local cloud is, or with --stack a stack on AWS; exit status 1 if the local cloud is unhealthy.

    Last runs and errors of functions in a day, queues, dead letters, alarms, what compaction left, and names.

    With --coverage, print the yield of sources in the last seven days, or from --since to --until (UTC).
    """
    check_days(since, until)
    if coverage:
        from dateline.cli.operating.coverage import show

        show(Stack.find(stack), source or [], since, until, svg, json)
    elif source or since or until or svg:
        raise typer.BadParameter("--source, --since, --until and --svg go with --coverage")
    elif stack:
        _print({}, Stack.find(stack), json)
    else:
        _health(json)


def _health(json: bool) -> None:
    look = commands.part("status.local")
    if look is None:
        raise CommandError("the local cloud is part of a checkout; --stack NAME asks one on AWS")
    values, _ = look(STATE)
    _print(values, Stack.find(None) if values["healthy"] else None, json)
    if not values["healthy"]:
        note(_remedy(values))
        raise typer.Exit(1)


def _remedy(values: dict[str, Any]) -> str:
    """Return what is wrong with the local cloud, and the next step."""
    if values["full"]:
        return f"no space is left for {values['folder']}; free some, then run dateline up"
    if not values["ministack"]:
        return "the local cloud is not running; run dateline up"
    if values["rebuilding"]:
        return "the local cloud was killed and its index is not rebuilt yet; wait for dateline up, or run it again"
    return "the local cloud is unhealthy; run dateline up"


def _print(values: dict[str, Any], stack: Stack | None, json: bool) -> None:
    """Print what is known of a stack; nothing but ``values`` of one that does not answer."""
    from dateline.cli.operating.operation import look

    found = look(stack) if stack else None
    outputs = stack.outputs if stack else {}
    if json:
        print_json({**values, **(found.to_dict() if found else {}), "outputs": outputs})
    else:
        print_fields({**values, **dict(found.fields() if found else ()), **outputs})
