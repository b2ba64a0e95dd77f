"""``dateline up`` and ``down``, and the local cloud's part of ``status`` (entry points ``dateline.commands``)."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from dateline.cli.stack import STATE
from dateline.cli.terminal.output import CommandError, note

Recorded = Annotated[
    list[Path] | None,
    typer.Option(help="A file of recorded pages (.jsonl.gz with id, url, html) to serve as an outlet; repeatable."),
]
Schedule = Annotated[
    str | None,
    typer.Option(help="Crawl these sources by the schedule alone, every minute: names with commas, or 'all'."),
]


def up(
    recorded: Recorded = None,
    schedule: Schedule = None,
    docker: Annotated[
        bool, typer.Option("--docker", help="Prepare `sam local`: let containers of a network of their own reach it.")
    ] = False,
) -> None:
    """Start the local cloud in ./.dateline, deploy template.yaml into it, and wait until it is healthy.

    A second `up` finds everything again. After an unclean stop it rebuilds the index from the buckets.
    """
    from infra.local import cloud
    from infra.local import docker as containers
    from infra.local.errors import LocalCloudError

    scheduled = None if schedule is None else [] if schedule == "all" else schedule.split(",")
    try:
        running = cloud.up(STATE, schedule=scheduled, recorded=recorded or [], progress=note)
        if docker:
            containers.up(running, note)
    except LocalCloudError as error:
        raise CommandError(str(error)) from error


def down() -> None:
    """Stop the local cloud, its state saved."""
    from infra.local import cloud
    from infra.local import docker as containers
    from infra.local.errors import LocalCloudError

    try:
        containers.down(STATE.resolve())
        cloud.down(STATE, progress=note)
    except LocalCloudError as error:
        raise CommandError(str(error)) from error


def status(folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Return how the local cloud in a folder is, and the outputs of its stack."""
    from infra.local import cloud

    found = cloud.status(folder)
    values = asdict(found) | {"folder": str(found.folder), "healthy": found.healthy}
    outputs = values.pop("outputs")
    return values, outputs


def is_current(folder: Path) -> bool:
    """Whether the functions deployed into the local cloud in a folder are those of the checkout."""
    from infra.local import stack
    from infra.local.record import Record

    return Record.read(folder).built == stack.fingerprint()
