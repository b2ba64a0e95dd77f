"""``dateline sources``: the registry."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from dateline.cli.output import CommandError, Json, console, print_json, progress
from dateline.cli.stack import STATE, Stack, StackName
from dateline.monitoring.health import check

if TYPE_CHECKING:
    from dateline.sources.registry import Source

app = typer.Typer(help="The outlets that Dateline collects.", no_args_is_help=True)


def registered() -> "dict[str, Source]":
    """Return the shipped sources, and the local cloud's. Raises CommandError for an invalid file."""
    from dateline.extraction.rulebook import Rulebook
    from dateline.sources import registry

    further = STATE.resolve() / "newsroom" / "sources"  # as infra.local.newsroom has it, which is in no wheel
    try:
        sources = registry.load(registry.SHIPPED, *([further] if further.is_dir() else []))
        Rulebook.of_sources(sources.values())  # the registry itself has no parser, and checks no selectors
    except registry.SourceError as error:
        raise CommandError(str(error)) from error
    return sources


def named(id: str) -> "Source":
    """Return a registered source. Raises CommandError for an unknown name."""
    known = registered()
    if id not in known:
        raise CommandError(f"there is no source {id}; dateline sources list prints them")
    return known[id]


@app.command("list")
def list_(
    health: Annotated[
        bool, typer.Option("--health", help="How each does in the deployed stack: successes, failures, yield.")
    ] = False,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """List the sources. The column `checked` has the day of the last successful live check, or "never"."""
    if health:
        _print_health(Stack.find(stack), json)
        return
    table = Table("source", "country", "languages", "feeds", "access", "checked", "name", box=None)
    sources = registered().values()
    for source in sources:
        if json:
            print_json(asdict(source))
        else:
            languages = ",".join(source.languages)
            feeds, checked = str(len(source.feeds)), _checked(source)
            table.add_row(source.id, source.country, languages, feeds, source.access, checked, source.name)
    if not json:
        console.print(table)
        unconfirmed = sum(_checked(source) == "never" for source in sources)
        progress.print(f"{unconfirmed} of {len(sources)} have been confirmed by no live run; dateline sources check")


def _checked(source: "Source") -> str:
    """The day of the last live check; empty for an outlet that refuses, because none is made."""
    if source.access == "refused":
        return ""
    return source.checked.isoformat() if source.checked else "never"


def _print_health(stack: Stack, json: bool) -> None:
    table = Table(
        "source", "last success", "failures", "until", "archived yesterday", "rules missed", "failing", box=None
    )
    for each in check(stack.table, registered().values(), datetime.now(UTC)):
        if json:
            print_json(asdict(each))
            continue
        failures = f"{each.health.failures} {each.health.failure}" if each.health.failures else ""
        yields = "" if each.archived is None else f"{each.archived} {each.yields or ''}"
        failing = "; ".join(
            f"{feed.url} ({feed.failures} {feed.failure}, last read {feed.succeeded_at or 'never'}): {feed.error}"
            for feed in each.failing
        )
        last = each.health.succeeded_at or "never"
        missed = str(each.rules_missed or "")
        table.add_row(each.source, last, failures, each.health.retry_at or "", yields.strip(), missed, failing)
    if not json:
        console.print(table)


@app.command()
def show(
    source: Annotated[str, typer.Argument(help="A source's id, as `sources list` prints it.")], json: Json = False
) -> None:
    """Show one source."""
    found = named(source)
    if json:
        print_json(asdict(found))
        return
    table = Table(show_header=False, box=None)
    for name, value in asdict(found).items():
        table.add_row(name, ", ".join(map(str, value)) if isinstance(value, tuple) else str(value))
    console.print(table)
