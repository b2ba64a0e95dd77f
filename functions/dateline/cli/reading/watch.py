"""``dateline watch``: kept searches."""

from typing import Annotated

import typer

from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.cells import Column
from dateline.cli.terminal.output import CommandError, Json, note, print_json
from dateline.cli.terminal.tables import print_table

app = typer.Typer(help="Keep searches that report new stories and their edits.", no_args_is_help=True)

_COLUMNS = (Column("name"), Column("added"), Column("query"))

Name = Annotated[str, typer.Argument(help="The watch's name: lower-case letters, digits and hyphens.")]


@app.command()
def add(
    name: Name,
    query: Annotated[str, typer.Argument(help="What is searched, as in dateline search.")],
    stack: StackName = None,
) -> None:
    """Keep a search: each story that matches from now on is an event, an entry of the watch's feed, and a mail.

    Later revisions of such a story are reported as well, even if the words are gone.
    """
    from datetime import UTC, datetime

    from dateline.search.query.language import QueryError
    from dateline.search.watching import watches

    deployed = Stack.find(stack)
    try:
        watches.add(deployed.s3, deployed.archive_bucket, name, query, datetime.now(UTC))
    except (watches.WatchError, QueryError) as error:
        raise CommandError(str(error)) from error
    note(f"{name} watches for {query}; its feed is /watches/{name} of the reading room (dateline open)")


@app.command("list")
def list_(stack: StackName = None, json: Json = False) -> None:
    """List the watches."""
    from dataclasses import asdict

    from dateline.search.watching import watches

    deployed = Stack.find(stack)
    found = watches.read(deployed.s3, deployed.archive_bucket)
    if json:
        for each in found:
            print_json(asdict(each))
        return
    print_table(_COLUMNS, ((each.name, each.added_at[:16], each.query) for each in found))
    if not found:
        note("there are no watches; add one with dateline watch add NAME QUERY")


@app.command()
def remove(name: Name, stack: StackName = None) -> None:
    """Remove a watch with its hits."""
    from dateline.search.watching import watches

    deployed = Stack.find(stack)
    try:
        watches.remove(deployed.s3, deployed.table, deployed.archive_bucket, name)
    except watches.WatchError as error:
        raise CommandError(str(error)) from error
