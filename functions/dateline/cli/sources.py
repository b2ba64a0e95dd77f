"""``dateline sources``: the registry."""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from dateline.cli.output import CommandError, Json, console, print_json
from dateline.cli.stack import STATE

app = typer.Typer(help="The outlets that Dateline collects.", no_args_is_help=True)


def registered() -> dict[str, Any]:
    """The shipped sources, and the sample newsroom's where the local cloud has one; CommandError names a bad file."""
    from infra.local import newsroom
    from spiders import registry

    further = newsroom.sources(STATE.resolve())
    try:
        return registry.load(registry.SHIPPED, *([further] if further.is_dir() else []))
    except registry.SourceError as error:
        raise CommandError(str(error)) from error


@app.command("list")
def list_(json: Json = False) -> None:
    """List the sources."""
    table = Table("source", "country", "languages", "feeds", "access", "name", box=None)
    for source in registered().values():
        if json:
            print_json(asdict(source))
        else:
            languages = ",".join(source.languages)
            table.add_row(source.id, source.country, languages, str(len(source.feeds)), source.access, source.name)
    if not json:
        console.print(table)


@app.command()
def show(
    source: Annotated[str, typer.Argument(help="A source's id, as `sources list` prints it.")], json: Json = False
) -> None:
    """Show one source."""
    found = registered().get(source)
    if found is None:
        raise CommandError(f"there is no source {source}; dateline sources list prints them")
    if json:
        print_json(asdict(found))
        return
    table = Table(show_header=False, box=None)
    for name, value in asdict(found).items():
        table.add_row(name, ", ".join(map(str, value)) if isinstance(value, tuple) else str(value))
    console.print(table)
