"""``dateline sources``: the registry."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from dateline.cli.output import CommandError, Json, console, print_json, progress
from dateline.cli.stack import STATE, Stack, StackName
from dateline.monitoring.health import check

if TYPE_CHECKING:
    from dateline.importing import Outlet
    from dateline.page import Page

app = typer.Typer(help="The outlets that Dateline collects.", no_args_is_help=True)


def registered() -> dict[str, Any]:
    """The shipped sources, and the sample newsroom's where the local cloud has one; CommandError names a bad file."""
    from dateline.sources import registry

    further = STATE.resolve() / "newsroom" / "sources"  # as infra.local.newsroom has it, which is in no wheel
    try:
        sources = registry.load(registry.SHIPPED, *([further] if further.is_dir() else []))
    except registry.SourceError as error:
        raise CommandError(str(error)) from error
    _check_selectors(sources.values())
    return sources


def named(id: str) -> Any:
    """A registered source; CommandError where there is none of that name."""
    known = registered()
    if id not in known:
        raise CommandError(f"there is no source {id}; dateline sources list prints them")
    return known[id]


def _check_selectors(sources: Iterable[Any]) -> None:
    """What the registry leaves out: it is read where there is no parser too."""
    from dateline.extraction import rulebook

    for source in sources:
        try:
            rulebook.check(source.extract)
        except ValueError as error:
            raise CommandError(f"{source.path}: extract: {error}") from error


@app.command("list")
def list_(
    health: Annotated[
        bool, typer.Option("--health", help="How each does in the deployed stack: successes, failures, yield.")
    ] = False,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """List the sources. Under `checked` stands the day of the last live check; "never" where none has confirmed one."""
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


def _checked(source: Any) -> str:
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


def of_outlet(page: "Page", source: Any) -> "Page":
    """The page with what its outlet's file says, where the page does not say it itself."""
    return replace(
        page,
        source=page.source or source.id,
        country=page.country or source.country,
        languages=page.languages or source.languages,
        timezone=page.timezone or source.timezone,
    )


def outlet_of(source: Any) -> "Outlet":
    """A registered source as captures name it."""
    from dateline.importing import Outlet

    return Outlet(
        id=source.id,
        name=source.name,
        country=source.country,
        languages=source.languages,
        timezone=source.timezone,
        addresses=(source.home, *source.feeds, *source.sitemaps, *source.listings),
    )
