"""Maintenance in the stack: start the state machine on a run's shards, follow it, collect the results."""

import os
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from dateline.cli.stack import Stack
from dateline.cli.terminal.output import CommandError, count, note, progress

if TYPE_CHECKING:
    from dateline.maintenance.jobs import Job, Result, Shard

_LOOK_EVERY = 2  # seconds

InStack = Annotated[
    bool | None,
    typer.Option(
        "--in-stack/--in-process",
        help="Run in the stack's functions, a source's month each; the default with --stack.",
        show_default=False,
    ),
]
RunName = Annotated[str | None, typer.Option("--run", help="Continue this run in the stack.", show_default=False)]


def wanted(in_stack: bool | None, stack: str | None, run: str | None) -> bool:
    """Whether a command's work is for the stack."""
    return bool(run) or (bool(stack) if in_stack is None else in_stack)


def carry_out(
    stack: Stack, job: "Job", run: str, shards: Iterable["Shard"], ids: Sequence[str] = ()
) -> "dict[Shard, Result]":
    """Run the unfinished shards of a run and return all results. ``ids`` are those of a story to be withdrawn.

    Raises CommandError, with the way to continue, if shards failed. An interrupted command leaves the run going.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from dateline.maintenance.jobs import plan, results

    found, done = list(shards), results(stack.deployment, run, job)
    left = set(found) - done.keys()
    machine = stack.client("stepfunctions")
    note(f"{job}: {count(len(left), 'shard')} in the stack as {run}; --run {run} continues it")
    columns = TextColumn(job), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=progress(), disable=not progress().is_terminal) as bars:
        task = bars.add_task("", total=len(found), completed=len(found) - len(left))
        if left:
            asked = plan(stack.deployment, run, job, found, ids)
            name = f"{run}-{job}-{os.urandom(4).hex()}"[:80]
            arn = stack.outputs["MaintainMachine"]
            execution = machine.start_execution(stateMachineArn=arn, name=name, input=asked)["executionArn"]
            while machine.describe_execution(executionArn=execution)["status"] == "RUNNING":
                time.sleep(_LOOK_EVERY)
                bars.update(task, completed=len(results(stack.deployment, run, job)))
            done = results(stack.deployment, run, job)
    if failed := sorted(set(found) - done.keys()):
        source, month = failed[0]
        raise CommandError(
            f"{count(len(failed), 'shard')} failed, first {source} {month}; dateline logs maintain says why, "
            f"and --run {run} repeats them"
        )
    return {shard: done[shard] for shard in found}
