"""``dateline query``: list stories."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from dateline.cli.output import CommandError, Json, console, print_json
from dateline.cli.stack import Stack, StackName
from dateline.query.filters import Selection
from dateline.story import StoryItem

Source = Annotated[str | None, typer.Option(help="Stories of one source.")]
Country = Annotated[str | None, typer.Option(help="Stories of a country's outlets (ISO 3166, such as ly).")]
About = Annotated[str | None, typer.Option(help="Stories about a country (ISO 3166, such as ly).")]
Place = Annotated[
    str | None, typer.Option(metavar="NAME|ID", help="Stories that mention a place, by name or GeoNames id.")
]
Language = Annotated[str | None, typer.Option(help="Stories in one language (BCP 47, such as ar).")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="yyyy-mm-dd, included.")]
Words = Annotated[str | None, typer.Option(help="Stories whose title or text has these words, in any case.")]
Limit = Annotated[int | None, typer.Option(min=1, help="So many at most, the oldest.")]

_OUTWEIGHS = 10  # times the inhabitants of another place of the same name


def query(
    source: Source = None,
    country: Country = None,
    about: About = None,
    place: Place = None,
    language: Language = None,
    since: Day = None,
    until: Day = None,
    text: Words = None,
    limit: Limit = None,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """List the archive's stories by publication date, oldest first."""
    wanted = {"source": source, "country": country, "about": about, "language": language, "text": text}
    selection = select(since, until, place, **wanted, limit=limit)
    chosen = selection.of(Stack.find(stack).query())
    if json:
        for story in chosen:
            print_json(story)
    else:
        console.print(_table(chosen))


def select(since: datetime | None, until: datetime | None, place: str | None, **wanted: Any) -> Selection:
    """Return the conditions of a command's options."""
    first, last = since.date() if since else None, until.date() if until else None
    return Selection(since=first, until=last, place=place_id(place) if place else None, **wanted)


def place_id(name: str) -> int:
    """Return the GeoNames id of a place, given the id or a name in any spelling with one dominant meaning."""
    if name.isdecimal():
        return int(name)
    from dateline.places.gazetteer import Gazetteer

    found = [(sense, sense.id) for sense in Gazetteer.load().named(name) if sense.id]
    if not found:
        raise CommandError(f"the gazetteer has no place {name!r}; give its GeoNames id, if it has one")
    (first, id), *others = found
    if any(other.population * _OUTWEIGHS > first.population for other, _ in others):
        senses = ", ".join(f"{id} ({sense.name}, {sense.country})" for sense, id in found)
        raise CommandError(f"{name!r} is the name of several places; give the id of one: {senses}")
    return id


def _table(stories: Iterator[StoryItem]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("id", "published", "source", "", ""):
        table.add_column(name, no_wrap=True)
    table.add_column("title", no_wrap=True, overflow="ellipsis")
    for story in stories:
        published = story.get("published_at", "-")[:16].replace("T", " ")
        gone = "gone" if "gone_at" in story else ""
        table.add_row(story["id"], published, story["source"], story.get("language", ""), gone, Text(story["title"]))
    return table
