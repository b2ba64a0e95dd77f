"""``dateline sources``: the registry."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from dateline.cli.names import check_sources, samples
from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.cells import Column
from dateline.cli.terminal.output import CommandError, Json, note, print_json
from dateline.cli.terminal.tables import print_fields, print_table

if TYPE_CHECKING:
    from dateline.monitoring.health import Checkup
    from dateline.sources.registry import Source

app = typer.Typer(help="Registered outlets.", no_args_is_help=True)

_LIST = (
    Column("source"),
    Column("country"),
    Column("languages"),
    Column("feeds", right=True, drop=2),
    Column("access"),
    Column("checked"),
    Column("name", cut=True),
)
_HEALTH = (
    Column("source"),
    Column("last success"),
    Column("failures", drop=1),
    Column("until", drop=3),
    Column("archived yesterday", drop=2),
    Column("rules missed", drop=4),
    Column("failing", cut=True),
)


def registered() -> "dict[str, Source]":
    """Return the shipped sources, and the local cloud's. Raises CommandError for an invalid file."""
    from dateline.extraction.rulebook import Rulebook
    from dateline.sources import registry

    try:
        sources = registry.load(registry.SHIPPED, *([samples()] if samples().is_dir() else []))
        Rulebook.of_sources(sources.values())  # the registry itself has no parser, and checks no selectors
    except registry.SourceError as error:
        raise CommandError(str(error)) from error
    return sources


def named(id: str) -> "Source":
    """Return a registered source. Raises CommandError for an unknown name."""
    check_sources([id])
    return registered()[id]


@app.command("list")
def list_(
    health: Annotated[
        bool, typer.Option("--health", help="Health in the deployed stack: successes, failures, yield.")
    ] = False,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """List the sources. The column `checked` has the day of the last successful live check, or "never"."""
    if health:
        _print_health(Stack.find(stack), json)
        return
    sources = registered().values()
    if json:
        for source in sources:
            print_json(asdict(source))
        return
    print_table(_LIST, map(_row, sources))
    unconfirmed = len([source for source in sources if _checked(source) == "never"])
    note(f"no live run has confirmed {unconfirmed} of {len(sources)}; dateline sources check")


def _row(source: "Source") -> tuple[str, ...]:
    languages, feeds = ",".join(source.languages), str(len(source.feeds))
    return source.id, source.country, languages, feeds, source.access, _checked(source), source.name


def _checked(source: "Source") -> str:
    """The day of the last live check; empty for an outlet that refuses, because none is made."""
    if source.access == "refused":
        return ""
    return source.checked.isoformat() if source.checked else "never"


def _print_health(stack: Stack, json: bool) -> None:
    from dateline.monitoring.health import check

    checkups = check(stack.table, registered().values(), datetime.now(UTC))
    if json:
        for each in checkups:
            print_json(asdict(each))
    else:
        print_table(_HEALTH, map(_health_row, checkups))


def _health_row(each: "Checkup") -> tuple[str, ...]:
    health = each.health
    failures = f"{health.failures} {health.failure}" if health.failures else ""
    yields = "" if each.archived is None else f"{each.archived} {each.yields or ''}"
    failing = "; ".join(
        f"{feed.url} ({feed.failures} {feed.failure}, last read {_minute(feed.succeeded_at)}): {feed.error}"
        for feed in each.failing
    )
    last, until = _minute(health.succeeded_at), _minute(health.retry_at) if health.retry_at else ""
    return each.source, last, failures, until, yields, str(each.rules_missed or ""), failing


def _minute(instant: str | None) -> str:
    """``2019-04-17 06:15`` for an instant of the table, which is in UTC."""
    return instant[:16].replace("T", " ") if instant else "never"


@app.command()
def show(
    source: Annotated[str, typer.Argument(help="A source's id, as `sources list` prints it.")], json: Json = False
) -> None:
    """Show one source."""
    found = named(source)
    if json:
        print_json(asdict(found))
        return
    print_fields(asdict(found))
